//! Swedish.

use super::{Phrases, Said};

const fn s(what: &'static str, means: &'static str) -> Said {
    Said { what, means }
}

pub(super) const PHRASES: Phrases = Phrases {
    holds: "Historiken håller.",
    faults: "Historiken håller INTE. Fel: {n}",
    extract: "ETT UTDRAG: poster om {records} objekt. Vad som har utelämnats syns inte; {not_shown} poster i dess logg finns inte med. Begär hela historiken, eller kontrollera med --complete.",
    consistent: "Nivå: följdriktig. Den håller i sig själv. Ensam kan den inte visa att slutet inte har kapats vid en ren stängning, eller att den inte har skrivits om helt av någon som har dess nycklar: jämför den med en tidigare kontrollpunkt (--since).",
    anchored: "Nivå: förankrad. Den fortsätter från den tidigare kontrollpunkt som du angav.",
    witnessed: "Nivå: bevittnad av {n}. Så många av de vittnen du nämnde har signerat att de har sett denna historik.",
    root_not_compared: "ROTEN ÄR INTE JÄMFÖRD. Fingeravtryck för historikens rotnyckel: {fingerprint}. Jämför det med det du har fått på annat sätt, eller ange det med --root: annars kan detta vara ett annat hus historik.",
    root_same: "Rotnyckeln är den du angav ({fingerprint}).",
    root_differs: "ROTNYCKELN ÄR INTE DEN DU ANGAV. Fingeravtryck här: {fingerprint}.",
    no_root: "Ingen rotnyckel kan anges.",
    counted: "Kontrollerat: {entries} poster av {writers} skrivare; {opened} av {fields} värden visade, {erased} raderade, {withheld} undanhållna; {blobs} bilder och dokument; {logged} poster i loggen, {not_logged} ännu inte.",
    signed: "Handlingar signerade av en person: {person}. Handlingar som bara maskinen påstår: {machine}.",
    remarks: "Värt att veta ({n}):",
    where_entry: "post {seq} av skrivaren {writer}",
    where_log: "loggen, eller ingen särskild post",
    field: "fältet {field}",
    clock: "{at} enligt skrivarens klocka",
    means: "Vad det kan betyda: ",
    more: "… och {n} till av samma slag",
    unreadable: "Paketet går inte att läsa: {file}: {why}",
    gone: "den filen finns inte",
    denied: "den här användaren får inte läsa den",
    folder: "det är en mapp, ingen fil",
    no_zip: "det är ingen ZIP, eller en skadad",
    too_large: "{what}: {size}; inget paket har mer än {limit}",
};

pub(super) fn say(code: &str) -> Option<Said> {
    Some(match code {
        "cbor.not_canonical" => s(
            "En post är inte skriven i den enda tillåtna formen.",
            "Den har skadats, ändrats eller skrivits av ett annat program än Lanyard. En form som kan läsas på två sätt kan dölja något.",
        ),
        "entry.unknown_version" => s(
            "En post är av en version som detta program inte känner till.",
            "Ett nyare program skrev den. Använd en nyare lanyard-verify; tills dess är innehållet inte kontrollerat.",
        ),
        "entry.duplicate" => s(
            "Samma post finns två gånger.",
            "Filen har satts ihop fel, eller så ville någon låta en händelse räknas dubbelt.",
        ),
        "entry.order" => s(
            "En post står inte på sin plats i filen.",
            "Filen har ordnats om efter exporten. Inget behöver saknas, men det är inte det som exporterades.",
        ),
        "key.foreign" => s(
            "En post har signerats med en nyckel som inte är skrivarens.",
            "En annan stations nyckel, en gammal eller en främmande har använts: någon annan skrev den, eller så har en nyckel kommit på avvägar.",
        ),
        "entry.altered" => s(
            "En post har ändrats efter signeringen, eller signerades aldrig av sin skrivare.",
            "Det går inte att lita på vad den säger. Skada gör så, och förfalskning också.",
        ),
        "chain.fork" => s(
            "Det finns två olika, giltigt signerade poster på samma plats.",
            "Skrivaren har berättat två historier: nyckeln har kopierats och använts på annat håll, eller så återställdes en station från en gammal säkerhetskopia och fortsatte.",
        ),
        "entry.inserted" => s(
            "En post har skjutits in: dess grannar känner inte till den.",
            "Någon som har skrivarens nyckel lade till den senare.",
        ),
        "entry.missing" => {
            s("En eller flera poster saknas här.", "De har tagits bort. Vad som hände i luckan visas inte.")
        }
        "chain.broken" => s(
            "En post följer inte på den föregående.",
            "En av de två har bytts ut, eller så har något mellan dem tagits bort. Om den föregående nämns ovan är detta en följd av det.",
        ),
        "chain.mixed" => s(
            "Övningsposter och riktiga poster är blandade i en kedja.",
            "Övningskort kan gälla som riktiga, eller tvärtom.",
        ),
        "key.unvouched" => s(
            "Ingen som får göra det har gått i god för postens nyckel.",
            "En station som aldrig släpptes in skrev den, eller så byttes en nyckel utan serverns ord.",
        ),
        "writer.after_retired" => s(
            "En post skrevs efter att dess skrivare hade tagits ur bruk.",
            "En station som borde vara ur bruk arbetar ännu, eller så är dess nyckel i andra händer.",
        ),
        "opening.mismatch" => s(
            "Ett visat värde är inte det som registrerades.",
            "Namnet, numret eller bilden som visas har bytts ut; posten själv är ännu bunden till det rätta.",
        ),
        "opening.foreign" => s(
            "Ett värde visas som inte hör till någon post här.",
            "Dess post har utelämnats, eller så har värdet lagts till.",
        ),
        "erase.foreign" => s(
            "En radering nämner värden i en annan akt.",
            "Uppgifter kan ha tagits bort under förevändning av en begäran om radering.",
        ),
        "field.withheld" => {
            s("Ett värde visas inte, och det har inte raderats.", "Det utelämnades vid exporten. Begär det.")
        }
        "blob.altered" => {
            s("En bild eller ett dokument är inte det som registrerades.", "Filen har bytts ut eller skadats.")
        }
        "blob.missing" => s("En bild eller ett dokument finns inte med.", "Det utelämnades vid exporten. Begär det."),
        "signed.invalid" => s(
            "En persons egen signatur håller inte.",
            "Personen signerade inte detta, eller så har det signerade ändrats.",
        ),
        "signed.disagrees" => s(
            "En person signerade något annat än posten säger.",
            "Maskinen registrerade en annan handling, en annan akt eller en senare tidpunkt än personen gick med på.",
        ),
        "scope.cut" => {
            s("Kedjan slutar tidigare, eller annorlunda, än paketet säger.", "De sista posterna har kapats.")
        }
        "log.root" => s(
            "Loggens kontrollpunkt stämmer inte med det som finns här, eller så har loggen inte signerat den.",
            "Löv eller kontrollpunkt har ändrats, eller kommer från en annan logg. Att posterna finns i loggen är inte visat.",
        ),
        "log.not_extended" => s(
            "Loggen fortsätter inte från en tidigare kontrollpunkt.",
            "Historiken har kapats eller skrivits om sedan dess. Det är det allvarligaste felet: fråga vem som hade nycklarna.",
        ),
        "log.entry_missing" => s(
            "En post finns bara i det ena av de två: loggen eller detta paket.",
            "Den har tagits ur paketet, eller undanhållits loggen.",
        ),
        "root.differs" => s(
            "Rotnyckeln är inte den du angav.",
            "Detta är ett annat hus historik, eller så har någon byggt en som liknar den.",
        ),
        "clock.backwards" => s(
            "Skrivarens klocka gick bakåt.",
            "Klockan ställdes, eller gick fel. Tiderna här är osäkra; ordningen är det inte.",
        ),
        "run.not_closed" => s(
            "En körning av stationen stängdes inte innan nästa började.",
            "Strömmen bröts, programmet stoppades, eller så ersattes maskinen av en kopia.",
        ),
        "record.concurrent" => s(
            "En akt ändrades på två ställen, och ändringarna har inte förts samman.",
            "Två stationer arbetade med den utan att veta om varandra. Se på båda.",
        ),
        "log.not_logged" => s(
            "Från och med denna post finns kedjan ännu inte i loggen.",
            "Den skrevs efter det senaste utbytet. Senare paket måste visa den i loggen.",
        ),
        "signed.machine_only" => s(
            "Ingen person signerade denna handling; maskinen säger att den ägde rum.",
            "Det är lika pålitligt som stationen och de som hade tillgång till den.",
        ),
        "writer.single_person" => s(
            "Denna station har bara en operatör.",
            "En person kunde göra allt ensam; ingen annan behövde gå med på det.",
        ),
        "erase.still_shown" => {
            s("Ett värde har raderats och visas ändå här.", "En kopia överlevde raderingen. Den bör tas bort.")
        }
        _ => return None,
    })
}
