//! IPP requests and answers, without a network: what is asked, and what the answers mean. Paragraphs are of RFC 8011.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;

use ipp::parser::IppParser;
use ipp::prelude::{
    DelimiterTag, IppAttribute, IppAttributes, IppRequestResponse, IppValue, IppVersion, Operation, Uri,
};
use ipp::reader::IppReader;
use lanyard_device::{JobState, PrinterState};

/// ISO/IEC 7810 ID-1 in hundredths of a millimetre, the unit of `media-size` (PWG 5100.7 §6.3.1.15).
const CARD: (i32, i32) = (8560, 5398);
/// Drivers round: 85.5, 86 and 54 mm are all sold as CR80.
const NEAR: i32 = 75;
const PDF: &str = "application/pdf";
const USER: &str = "lanyard";
/// Jobs asked for in [`jobs`]: a day's work of a badge office.
const MAX_JOBS: i32 = 500;
/// Reasons kept of a printer that lists very many.
const MAX_REASONS: usize = 16;
const MAX_NESTING: usize = 16;

/// §4.1.8 (B.1.4.5): `client-error-not-possible`.
pub(crate) const NOT_POSSIBLE: u16 = 0x0404;
/// `client-error-not-found`.
pub(crate) const NOT_FOUND: u16 = 0x0406;
/// `client-error-gone`.
pub(crate) const GONE: u16 = 0x0407;

/// What a printer says it can take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `printer-make-and-model`, for the screen.
    pub model: String,
    /// It takes PDF as it is.
    pub pdf: bool,
    /// It prints both sides.
    pub two_sided: bool,
    /// It lists media, and a card is among them: width and height in hundredths of a millimetre, as it lists them.
    pub card: Option<(i32, i32)>,
    /// It lists media at all.
    pub lists_media: bool,
    unscaled: bool,
}

impl Capabilities {
    /// Why no card should be sent, as an IPP keyword. A badge on a sheet of office paper is worse than an error.
    #[must_use]
    pub fn objection(&self) -> Option<&'static str> {
        if !self.pdf {
            Some("document-format-not-supported")
        } else if self.lists_media && self.card.is_none() {
            Some("media-card-not-supported")
        } else {
            None
        }
    }
}

/// A job by its number, with the unique id that tells it from another job of that number after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobRef {
    pub(crate) id: i32,
    uuid: Option<String>,
}

impl JobRef {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, uuid) = text.split_once(' ').map_or((text, None), |(id, uuid)| (id, Some(uuid.to_owned())));
        Some(Self { id: id.parse().ok()?, uuid })
    }

    /// Whether this can be the other: same number, and not two different unique ids.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        self.id == other.id && (self.uuid.is_none() || other.uuid.is_none() || self.uuid == other.uuid)
    }
}

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.uuid {
            Some(uuid) => write!(f, "{} {uuid}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

fn request(operation: Operation, uri: &Uri, extra: Vec<(DelimiterTag, &str, IppValue)>) -> Option<Vec<u8>> {
    let mut request = IppRequestResponse::new(IppVersion::v1_1(), operation, Some(uri.clone())).ok()?;
    let user = IppValue::new_name_without_language(USER).ok()?;
    let all = std::iter::once((DelimiterTag::OperationAttributes, "requesting-user-name", user)).chain(extra);
    for (group, name, value) in all {
        request.attributes_mut().add(group, IppAttribute::with_name(name, value).ok()?);
    }
    Some(request.to_bytes().to_vec())
}

fn keywords(names: &[&str]) -> Option<IppValue> {
    names.iter().map(|name| IppValue::new_keyword(*name).ok()).collect::<Option<_>>().map(IppValue::Array)
}

fn wanted(names: &[&str]) -> Option<(DelimiterTag, &'static str, IppValue)> {
    Some((DelimiterTag::OperationAttributes, "requested-attributes", keywords(names)?))
}

pub(crate) fn printer_state(uri: &Uri) -> Option<Vec<u8>> {
    let wanted = wanted(&["printer-state", "printer-state-reasons", "printer-is-accepting-jobs"])?;
    request(Operation::GetPrinterAttributes, uri, vec![wanted])
}

pub(crate) fn printer_capabilities(uri: &Uri) -> Option<Vec<u8>> {
    let wanted = wanted(&[
        "printer-make-and-model",
        "document-format-supported",
        "sides-supported",
        "media-size-supported",
        "print-scaling-supported",
    ])?;
    request(Operation::GetPrinterAttributes, uri, vec![wanted])
}

pub(crate) fn print_job(uri: &Uri, title: &str, capabilities: &Capabilities) -> Option<Vec<u8>> {
    use DelimiterTag::{JobAttributes, OperationAttributes};
    let (x, y) = capabilities.card.unwrap_or(CARD);
    let collection = |members: Vec<(&str, IppValue)>| {
        let members = members.into_iter().map(|(name, value)| Some((name.to_owned().try_into().ok()?, value)));
        members.collect::<Option<BTreeMap<_, _>>>().map(IppValue::Collection)
    };
    let size = collection(vec![("x-dimension", IppValue::Integer(x)), ("y-dimension", IppValue::Integer(y))])?;
    let mut attributes = vec![
        (OperationAttributes, "job-name", IppValue::new_name_without_language(title).ok()?),
        (OperationAttributes, "document-format", IppValue::new_mime_media_type(PDF).ok()?),
        (JobAttributes, "copies", IppValue::Integer(1)),
        (JobAttributes, "media-col", collection(vec![("media-size", size)])?),
    ];
    if capabilities.two_sided {
        attributes.push((JobAttributes, "sides", IppValue::new_keyword("two-sided-long-edge").ok()?));
    }
    if capabilities.unscaled {
        attributes.push((JobAttributes, "print-scaling", IppValue::new_keyword("none").ok()?));
    }
    request(Operation::PrintJob, uri, attributes)
}

pub(crate) fn jobs(uri: &Uri, which: &str) -> Option<Vec<u8>> {
    let extra = vec![
        (DelimiterTag::OperationAttributes, "limit", IppValue::Integer(MAX_JOBS)),
        wanted(&["job-id", "job-name", "job-uuid"])?,
        (DelimiterTag::OperationAttributes, "which-jobs", IppValue::new_keyword(which).ok()?),
    ];
    request(Operation::GetJobs, uri, extra)
}

pub(crate) fn job_state(uri: &Uri, id: i32) -> Option<Vec<u8>> {
    let extra = vec![
        (DelimiterTag::OperationAttributes, "job-id", IppValue::Integer(id)),
        wanted(&["job-id", "job-uuid", "job-state", "job-state-reasons"])?,
    ];
    request(Operation::GetJobAttributes, uri, extra)
}

pub(crate) fn cancel_job(uri: &Uri, id: i32) -> Option<Vec<u8>> {
    request(Operation::CancelJob, uri, vec![(DelimiterTag::OperationAttributes, "job-id", IppValue::Integer(id))])
}

/// A printer's answer: its status, and its attributes.
pub(crate) struct Answer {
    status: u16,
    attributes: IppAttributes,
}

impl Answer {
    /// `None` if it is no IPP answer.
    pub(crate) fn read(bytes: Vec<u8>) -> Option<Self> {
        if !nested_within_reason(&bytes) {
            return None;
        }
        let parsed = IppParser::new(IppReader::new(Cursor::new(bytes))).parse().ok()?;
        // The field is signed in the library and a plain number on the wire (§4.1.8).
        let status = u16::from_be_bytes(parsed.header().operation_or_status.to_be_bytes());
        Some(Self { status, attributes: parsed.attributes().clone() })
    }

    /// The status if it is not a success (0x0000 to 0x00FF).
    pub(crate) fn refusal(&self) -> Option<u16> {
        (self.status > 0x00FF).then_some(self.status)
    }

    fn value(&self, group: DelimiterTag, name: &str) -> Option<&IppValue> {
        self.attributes.groups_of(group).find_map(|group| group.get(name)).map(IppAttribute::value)
    }
}

/// Whether collections (RFC 8010 §3.1.6) stay within a depth that the parser's own recursion can stand.
fn nested_within_reason(bytes: &[u8]) -> bool {
    let length = |at: usize| Some(usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    let mut at = 8;
    let mut depth = 0usize;
    while let Some(tag) = bytes.get(at) {
        at += 1;
        match tag {
            // End of attributes; what follows is none of ours.
            0x03 => return true,
            0x00..=0x0F => continue,
            0x34 => depth += 1,
            0x37 => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return false;
        }
        let Some(name) = length(at) else { return false };
        let Some(value) = length(at + 2 + name) else { return false };
        at += 4 + name + value;
    }
    true
}

fn each(value: &IppValue) -> &[IppValue] {
    match value {
        IppValue::Array(values) => values,
        single => std::slice::from_ref(single),
    }
}

fn texts(value: Option<&IppValue>) -> Vec<String> {
    value.map(each).unwrap_or_default().iter().take(MAX_REASONS * 16).filter_map(text).collect()
}

fn text(value: &IppValue) -> Option<String> {
    match value {
        IppValue::Keyword(text) => Some(text.to_string()),
        IppValue::MimeMediaType(text) => Some(text.to_string()),
        IppValue::NameWithoutLanguage(text) => Some(text.to_string()),
        IppValue::NameWithLanguage { name, .. } => Some(name.to_string()),
        IppValue::TextWithoutLanguage(text) => Some(text.to_string()),
        IppValue::TextWithLanguage { text, .. } => Some(text.to_string()),
        IppValue::Uri(text) => Some(text.to_string()),
        _ => None,
    }
}

fn number(value: Option<&IppValue>) -> Option<i32> {
    match value? {
        IppValue::Integer(number) | IppValue::Enum(number) => Some(*number),
        _ => None,
    }
}

/// Keywords of a state, without `none`, bounded: they go to a screen.
fn reasons(value: Option<&IppValue>) -> Vec<String> {
    texts(value).into_iter().filter(|reason| reason != "none" && reason.len() <= 255).take(MAX_REASONS).collect()
}

/// Reasons (§5.4.12) that nothing is printed under, whatever the state beside them says: many printers stay "idle" or
/// "processing" while they wait for cards.
const BLOCKING: [&str; 14] = [
    "cover-open",
    "door-open",
    "fuser-over-temp",
    "input-tray-missing",
    "interlock-open",
    "marker-supply-empty",
    "media-empty",
    "media-jam",
    "media-needed",
    "output-area-full",
    "output-tray-missing",
    "paused",
    "shutdown",
    "toner-empty",
];

/// With the suffix `-warning` a printer may still print, from another tray: believed until it stands with a job in hand.
fn blocks(reason: &str, has_a_job: bool) -> bool {
    let plain = match reason.strip_suffix("-warning") {
        Some(warned) if has_a_job => warned,
        Some(_) => return false,
        None => reason.strip_suffix("-error").unwrap_or(reason),
    };
    BLOCKING.contains(&plain)
}

pub(crate) fn read_printer_state(answer: &Answer) -> Option<PrinterState> {
    let group = DelimiterTag::PrinterAttributes;
    let mut reasons = reasons(answer.value(group, "printer-state-reasons"));
    let accepting = !matches!(answer.value(group, "printer-is-accepting-jobs"), Some(IppValue::Boolean(false)));
    // §5.4.11: 3 idle, 4 processing, 5 stopped.
    let state = number(answer.value(group, "printer-state"))?;
    if !(3..=5).contains(&state) {
        return None;
    }
    let stands = state == 5 || reasons.iter().any(|reason| blocks(reason, state == 4));
    // A printer that takes no jobs is no ready one, whatever it does at the moment.
    if !accepting {
        reasons.push("not-accepting-jobs".to_owned());
    }
    Some(match state {
        _ if stands || !accepting => PrinterState::Stopped { reasons },
        4 => PrinterState::Busy,
        _ => PrinterState::Ready,
    })
}

pub(crate) fn read_capabilities(answer: &Answer) -> Capabilities {
    let value = |name| answer.value(DelimiterTag::PrinterAttributes, name);
    let sizes: Vec<(Span, Span)> =
        value("media-size-supported").map(each).unwrap_or_default().iter().filter_map(size).collect();
    let fits = |&(x, y): &(i32, i32)| sizes.iter().find_map(|(w, h)| Some((w.near(x)?, h.near(y)?)));
    // Printers list a card either way round, and lie it in accordingly.
    let card = [CARD, (CARD.1, CARD.0)].iter().find_map(fits);
    Capabilities {
        model: texts(value("printer-make-and-model"))
            .into_iter()
            .next()
            .unwrap_or_default()
            .chars()
            .take(127)
            .collect(),
        pdf: texts(value("document-format-supported")).iter().any(|format| format == PDF),
        two_sided: texts(value("sides-supported")).iter().any(|sides| sides == "two-sided-long-edge"),
        card,
        lists_media: !sizes.is_empty(),
        unscaled: texts(value("print-scaling-supported")).iter().any(|scaling| scaling == "none"),
    }
}

/// A length, or a range of lengths for custom media.
#[derive(Clone, Copy)]
struct Span(i32, i32);

impl Span {
    /// What to ask for to get a card's length: the printer's own figure, or the card's within its range.
    fn near(self, wanted: i32) -> Option<i32> {
        if self.0 == self.1 {
            (self.0.saturating_sub(wanted).abs() <= NEAR).then_some(self.0)
        } else {
            (self.0 <= wanted && wanted <= self.1).then_some(wanted)
        }
    }
}

fn size(value: &IppValue) -> Option<(Span, Span)> {
    let IppValue::Collection(members) = value else { return None };
    let span = |name: &str| {
        members.iter().find(|(member, _)| member.as_str() == name).and_then(|(_, value)| match value {
            IppValue::Integer(n) => Some(Span(*n, *n)),
            IppValue::RangeOfInteger { min, max } => Some(Span(*min, *max)),
            _ => None,
        })
    };
    Some((span("x-dimension")?, span("y-dimension")?))
}

pub(crate) fn read_job_ref(answer: &Answer) -> Option<JobRef> {
    let group = DelimiterTag::JobAttributes;
    let id = number(answer.value(group, "job-id"))?;
    Some(JobRef { id, uuid: answer.value(group, "job-uuid").and_then(text) })
}

pub(crate) fn read_jobs(answer: &Answer) -> Vec<(JobRef, String)> {
    let job = |group: &ipp::attribute::IppAttributeGroup| {
        let value = |name: &str| group.get(name).map(IppAttribute::value);
        let reference = JobRef { id: number(value("job-id"))?, uuid: value("job-uuid").and_then(text) };
        Some((reference, value("job-name").and_then(text)?))
    };
    answer.attributes.groups_of(DelimiterTag::JobAttributes).filter_map(job).collect()
}

pub(crate) fn read_job_reasons(answer: &Answer) -> Vec<String> {
    reasons(answer.value(DelimiterTag::JobAttributes, "job-state-reasons"))
}

pub(crate) fn read_job_state(answer: &Answer) -> Option<JobState> {
    let reasons = read_job_reasons(answer);
    // §5.3.7.
    match number(answer.value(DelimiterTag::JobAttributes, "job-state"))? {
        3 | 4 => Some(JobState::Waiting),
        5 => Some(JobState::Printing),
        6 => Some(JobState::Stopped { reasons }),
        7 => Some(JobState::Cancelled),
        8 => Some(JobState::Failed { reasons }),
        // §5.3.8: a completed job may say that it went wrong all the same.
        9 if reasons.iter().any(|reason| reason == "job-completed-with-errors") => Some(JobState::Failed { reasons }),
        9 => Some(JobState::Printed),
        _ => None,
    }
}

/// Appendix B: busy, temporary error, not accepting jobs, service unavailable.
pub(crate) fn passes_by_itself(status: u16) -> bool {
    matches!(status, 0x0502 | 0x0505 | 0x0506 | 0x0507)
}

/// Appendix B's keyword; the number where it has none.
pub(crate) fn status_keyword(status: u16) -> String {
    let keyword = match status {
        0x0400 => "client-error-bad-request",
        0x0401 => "client-error-forbidden",
        0x0402 => "client-error-not-authenticated",
        0x0403 => "client-error-not-authorized",
        0x0404 => "client-error-not-possible",
        0x0406 => "client-error-not-found",
        0x0407 => "client-error-gone",
        0x0408 => "client-error-request-entity-too-large",
        0x040A => "client-error-document-format-not-supported",
        0x040B => "client-error-attributes-or-values-not-supported",
        0x040E => "client-error-conflicting-attributes",
        0x0411 => "client-error-document-format-error",
        0x0500 => "server-error-internal-error",
        0x0501 => "server-error-operation-not-supported",
        0x0503 => "server-error-version-not-supported",
        0x0504 => "server-error-device-error",
        0x0508 => "server-error-job-canceled",
        other => return format!("ipp-status-{other:04x}"),
    };
    keyword.to_owned()
}

#[cfg(test)]
mod tests;
