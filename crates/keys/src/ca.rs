//! The small built-in CA: a self-signed P-256 root, and certificates for keys made on a card's chip (RFC 5280).
//! The request is built in two halves, because the card signs in between. Time and serial are arguments.

use std::time::Duration;

use der::asn1::{BitString, GeneralizedTime, Ia5String, ObjectIdentifier, SetOfVec, Utf8StringRef};
use der::{Any, Decode, Encode, EncodePem};
use lanyard_model::UnixMs;
use lanyard_secret::Secret;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use crate::KeysError;

const CN: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const O: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// RFC 5280 §4.2.1.12.
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
/// Microsoft's userPrincipalName, as otherName in the subject's alternative names.
const UPN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");
const REQUEST_MOST: usize = 16 * 1024;
/// X.520 upper bound of common name and organisation.
const NAME_MOST: usize = 64;
const ADDRESS_MOST: usize = 254;

/// Whom a certificate names. From the directory of people, never typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The common name.
    pub common_name: String,
    /// The organisation.
    pub organisation: Option<String>,
    /// An e-mail address, ASCII.
    pub email: Option<String>,
    /// A user principal name.
    pub upn: Option<String>,
}

impl Subject {
    /// With a common name only.
    #[must_use]
    pub fn of(common_name: &str) -> Self {
        Self { common_name: common_name.to_owned(), organisation: None, email: None, upn: None }
    }

    fn name(&self) -> Result<Name, KeysError> {
        let refused = |_: der::Error| KeysError::CertificateField { field: "subject" };
        let mut rdns = RdnSequence::default();
        for (oid, text) in [(O, self.organisation.as_deref()), (CN, Some(self.common_name.as_str()))] {
            let Some(text) = text else { continue };
            if text.is_empty() || text.chars().count() > NAME_MOST || text.chars().any(char::is_control) {
                return Err(KeysError::CertificateField { field: "subject" });
            }
            let value = Any::encode_from(&Utf8StringRef::new(text).map_err(refused)?).map_err(refused)?;
            let rdn = RelativeDistinguishedName::try_from(vec![AttributeTypeAndValue { oid, value }]);
            rdns.push(rdn.map_err(refused)?);
        }
        Name::from_der(&rdns.to_der().map_err(refused)?).map_err(refused)
    }

    fn alternative_names(&self) -> Result<Option<SubjectAltName>, KeysError> {
        let mut names = Vec::new();
        if let Some(email) = &self.email {
            let refused = KeysError::CertificateField { field: "email" };
            if email.len() > ADDRESS_MOST || email.chars().any(char::is_control) {
                return Err(refused);
            }
            names.push(GeneralName::Rfc822Name(Ia5String::new(email).map_err(|_| refused)?));
        }
        if let Some(upn) = &self.upn {
            let refused = |_: der::Error| KeysError::CertificateField { field: "upn" };
            if upn.len() > ADDRESS_MOST || upn.is_empty() || upn.chars().any(char::is_control) {
                return Err(KeysError::CertificateField { field: "upn" });
            }
            let value = Any::encode_from(&Utf8StringRef::new(upn).map_err(refused)?).map_err(refused)?;
            names.push(GeneralName::OtherName(OtherName { type_id: UPN, value }));
        }
        Ok((!names.is_empty()).then_some(SubjectAltName(names)))
    }
}

/// From when to when, by the clock that the caller passes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First instant.
    pub not_before: UnixMs,
    /// Last instant.
    pub not_after: UnixMs,
}

impl Period {
    fn validity(self) -> Result<Validity, KeysError> {
        let refused = KeysError::CertificateField { field: "validity" };
        let time = |at: UnixMs| {
            let seconds = u64::try_from(at.0).ok()? / 1000;
            Some(Time::GeneralTime(GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).ok()?))
        };
        if self.not_before >= self.not_after {
            return Err(refused);
        }
        match (time(self.not_before), time(self.not_after)) {
            (Some(not_before), Some(not_after)) => Ok(Validity::new(not_before, not_after)),
            _ => Err(refused),
        }
    }
}

/// A certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub der: Vec<u8>,
    /// The same as text.
    pub pem: String,
}

/// The CA of a house: its key and its self-signed certificate.
pub struct Ca {
    key: Secret<32>,
    certificate: Vec<u8>,
}

impl Ca {
    /// Makes the root certificate for a P-256 private scalar. `serial`: random.
    pub(crate) fn create(
        key: Secret<32>,
        subject: &Subject,
        serial: [u8; 16],
        period: Period,
    ) -> Result<Self, KeysError> {
        let signer = signing_key(&key)?;
        let spki = signer.verifying_key().to_public_key_der().map_err(|_| field("key"))?;
        let spki = SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).map_err(|_| field("key"))?;
        let profile = Root { name: subject.name()? };
        let certificate = build(profile, &signer, serial, period, spki)?.der;
        Ok(Self { key, certificate })
    }

    pub(crate) fn from_parts(key: Secret<32>, certificate: Vec<u8>) -> Result<Self, KeysError> {
        let parsed = Certificate::from_der(&certificate).map_err(|_| KeysError::VaultDamaged)?;
        let spki = parsed.tbs_certificate().subject_public_key_info().to_der().map_err(|_| KeysError::VaultDamaged)?;
        let named = VerifyingKey::from_public_key_der(&spki).map_err(|_| KeysError::VaultDamaged)?;
        if *signing_key(&key)?.verifying_key() != named {
            return Err(KeysError::VaultDamaged);
        }
        Ok(Self { key, certificate })
    }

    pub(crate) fn key(&self) -> &Secret<32> {
        &self.key
    }

    /// The root certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The root certificate as text, for those who verify.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        Certificate::from_der(&self.certificate).and_then(|c| c.to_pem(der::pem::LineEnding::LF)).unwrap_or_default()
    }

    /// A certificate for card authentication, for the key that signed this PKCS #10 request (RFC 2986). The subject is
    /// the caller's, not the request's. `serial`: 16 random bytes; ends no later than the root.
    ///
    /// # Errors
    /// [`KeysError::RequestDamaged`], [`KeysError::RequestSignature`], [`KeysError::CertificateField`].
    pub fn issue(
        &self,
        request: &[u8],
        subject: &Subject,
        serial: [u8; 16],
        period: Period,
    ) -> Result<Issued, KeysError> {
        if request.len() > REQUEST_MOST {
            return Err(KeysError::RequestDamaged);
        }
        let request = CertReq::from_der(request).map_err(|_| KeysError::RequestDamaged)?;
        let info = request.info.to_der().map_err(|_| KeysError::RequestDamaged)?;
        let spki = request.info.public_key;
        if request.algorithm.oid != ECDSA_SHA256 {
            return Err(KeysError::RequestSignature);
        }
        let key = verifying_key(&spki)?;
        let signature = request.signature.as_bytes().ok_or(KeysError::RequestSignature)?;
        let signature = DerSignature::from_bytes(signature).map_err(|_| KeysError::RequestSignature)?;
        key.verify(&info, &signature).map_err(|_| KeysError::RequestSignature)?;

        let root = Certificate::from_der(&self.certificate).map_err(|_| KeysError::VaultDamaged)?;
        let root_end = root.tbs_certificate().validity().not_after.to_unix_duration().as_millis();
        let root_end = UnixMs(i64::try_from(root_end).unwrap_or(i64::MAX));
        let period = Period { not_after: period.not_after.min(root_end), ..period };
        let profile = CardAuthentication {
            issuer: root.tbs_certificate().subject().clone(),
            subject: subject.name()?,
            names: subject.alternative_names()?,
        };
        build(profile, &signing_key(&self.key)?, serial, period, spki)
    }
}

/// The CertificationRequestInfo (RFC 2986 §4.1) that the card's key has to sign, for its SubjectPublicKeyInfo (DER).
///
/// # Errors
/// [`KeysError::CertificateField`].
pub fn csr_to_be_signed(subject: &Subject, spki: &[u8]) -> Result<Vec<u8>, KeysError> {
    let public_key = SubjectPublicKeyInfoOwned::from_der(spki).map_err(|_| field("key"))?;
    verifying_key(&public_key)?;
    let info =
        CertReqInfo { version: Version::V1, subject: subject.name()?, public_key, attributes: SetOfVec::default() };
    info.to_der().map_err(|_| field("subject"))
}

/// The request from what was signed and the card's signature (ECDSA with SHA-256, DER as PIV gives it).
///
/// # Errors
/// [`KeysError::RequestDamaged`], or [`KeysError::RequestSignature`] if the signature does not hold.
pub fn csr_assemble(info: &[u8], signature: &[u8]) -> Result<Vec<u8>, KeysError> {
    let info_read = CertReqInfo::from_der(info).map_err(|_| KeysError::RequestDamaged)?;
    let der = DerSignature::from_bytes(signature).map_err(|_| KeysError::RequestSignature)?;
    verifying_key(&info_read.public_key)?.verify(info, &der).map_err(|_| KeysError::RequestSignature)?;
    let request = CertReq {
        info: info_read,
        algorithm: AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None },
        signature: BitString::from_bytes(signature).map_err(|_| KeysError::RequestSignature)?,
    };
    request.to_der().map_err(|_| KeysError::RequestDamaged)
}

/// The SubjectPublicKeyInfo (DER) of a P-256 point as a PIV card answers it: `04 ‖ X ‖ Y`.
///
/// # Errors
/// [`KeysError::CertificateField`] if the point is not on the curve.
pub fn spki_of_point(point: &[u8]) -> Result<Vec<u8>, KeysError> {
    let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| field("key"))?;
    Ok(key.to_public_key_der().map_err(|_| field("key"))?.into_vec())
}

/// Whether the signature (DER of `Ecdsa-Sig-Value`, SHA-256) over the message is by the key in the certificate.
#[must_use]
pub fn signed_by(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = Certificate::from_der(certificate)
        .ok()
        .and_then(|certificate| verifying_key(certificate.tbs_certificate().subject_public_key_info()).ok());
    match (key, DerSignature::from_bytes(signature)) {
        (Some(key), Ok(signature)) => key.verify(message, &signature).is_ok(),
        _ => false,
    }
}

/// A certificate as PEM (RFC 7468).
///
/// # Errors
/// [`KeysError::VaultDamaged`] for what is no certificate.
pub fn pem(certificate: &[u8]) -> Result<String, KeysError> {
    Certificate::from_der(certificate)
        .and_then(|certificate| certificate.to_pem(der::pem::LineEnding::LF))
        .map_err(|_| KeysError::VaultDamaged)
}

fn field(field: &'static str) -> KeysError {
    KeysError::CertificateField { field }
}

fn signing_key(key: &Secret<32>) -> Result<SigningKey, KeysError> {
    SigningKey::from_slice(key.expose()).map_err(|_| KeysError::VaultDamaged)
}

/// P-256 only; the point is checked to lie on the curve.
fn verifying_key(spki: &SubjectPublicKeyInfoOwned) -> Result<VerifyingKey, KeysError> {
    let der = spki.to_der().map_err(|_| field("key"))?;
    VerifyingKey::from_public_key_der(&der).map_err(|_| field("key"))
}

fn build<P: BuilderProfile>(
    profile: P,
    signer: &SigningKey,
    serial: [u8; 16],
    period: Period,
    spki: SubjectPublicKeyInfoOwned,
) -> Result<Issued, KeysError> {
    // RFC 5280 §4.1.2.2: positive, at most 20 octets.
    let serial = if serial == [0; 16] { Err(field("serial")) } else { Ok(serial) }?;
    let serial = SerialNumber::new(&serial).map_err(|_| field("serial"))?;
    let builder = CertificateBuilder::new(profile, serial, period.validity()?, spki).map_err(|_| field("validity"))?;
    let certificate = builder.build::<_, DerSignature>(signer).map_err(|_| field("subject"))?;
    let der = certificate.to_der().map_err(|_| field("subject"))?;
    let pem = certificate.to_pem(der::pem::LineEnding::LF).map_err(|_| field("subject"))?;
    Ok(Issued { der, pem })
}

struct Root {
    name: Name,
}

impl BuilderProfile for Root {
    fn get_issuer(&self, _: &Name) -> Name {
        self.name.clone()
    }

    fn get_subject(&self) -> Name {
        self.name.clone()
    }

    fn build_extensions(
        &self,
        spki: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let mut all = Extensions::of(tbs);
        all.add(&SubjectKeyIdentifier::try_from(spki)?)?;
        all.add(&BasicConstraints { ca: true, path_len_constraint: Some(0) })?;
        all.add(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?;
        Ok(all.list)
    }
}

struct CardAuthentication {
    issuer: Name,
    subject: Name,
    names: Option<SubjectAltName>,
}

impl BuilderProfile for CardAuthentication {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        spki: SubjectPublicKeyInfoRef<'_>,
        issuer: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let mut all = Extensions::of(tbs);
        all.add(&SubjectKeyIdentifier::try_from(spki)?)?;
        all.add(&AuthorityKeyIdentifier {
            key_identifier: Some(SubjectKeyIdentifier::try_from(issuer)?.0),
            ..AuthorityKeyIdentifier::default()
        })?;
        all.add(&BasicConstraints { ca: false, path_len_constraint: None })?;
        all.add(&KeyUsage(KeyUsages::DigitalSignature.into()))?;
        all.add(&ExtendedKeyUsage(vec![CLIENT_AUTH]))?;
        if let Some(names) = &self.names {
            all.add(names)?;
        }
        Ok(all.list)
    }
}

struct Extensions<'a> {
    subject: &'a Name,
    list: Vec<Extension>,
}

impl<'a> Extensions<'a> {
    fn of(tbs: &'a TbsCertificate) -> Self {
        Self { subject: tbs.subject(), list: Vec::new() }
    }

    fn add<E>(&mut self, extension: &E) -> x509_cert::builder::Result<()>
    where
        for<'b> &'b E: ToExtension<Error = der::Error>,
    {
        let extension = extension.to_extension(self.subject, &self.list)?;
        self.list.push(extension);
        Ok(())
    }
}
