//! French.

use super::{Phrases, Said};

const fn s(what: &'static str, means: &'static str) -> Said {
    Said { what, means }
}

pub(super) const PHRASES: Phrases = Phrases {
    holds: "L’historique est valable.",
    faults: "L’historique n’est PAS valable. Défauts : {n}",
    extract: "UN EXTRAIT : entrées concernant {records} dossiers. Ce qui en a été omis ne se voit pas ; {not_shown} entrées de son journal n’y sont pas. Demandez l’historique entier, ou vérifiez avec --complete.",
    consistent: "Niveau : cohérent. Il se tient en lui-même. À lui seul, il ne peut pas montrer que sa fin n’a pas été coupée à une fermeture propre, ni qu’il n’a pas été entièrement réécrit par quelqu’un qui a ses clés : comparez-le à un point de contrôle antérieur (--since).",
    anchored: "Niveau : ancré. Il prolonge le point de contrôle antérieur que vous avez donné.",
    witnessed: "Niveau : attesté par {n}. Ce nombre des témoins que vous avez nommés ont signé qu’ils ont vu cet historique.",
    root_not_compared: "RACINE NON COMPARÉE. Empreinte de la clé racine de cet historique : {fingerprint}. Comparez-la à celle que vous avez reçue par une autre voie, ou indiquez-la avec --root : sinon, ce pourrait être l’historique d’une autre maison.",
    root_same: "La clé racine est celle que vous avez indiquée ({fingerprint}).",
    root_differs: "LA CLÉ RACINE N’EST PAS CELLE QUE VOUS AVEZ INDIQUÉE. Empreinte ici : {fingerprint}.",
    no_root: "Aucune clé racine ne peut être nommée.",
    counted: "Vérifié : {entries} entrées de {writers} auteurs ; {opened} valeurs montrées sur {fields}, {erased} effacées, {withheld} retenues ; {blobs} images et documents ; {logged} entrées au journal, {not_logged} pas encore.",
    signed: "Actes signés par une personne : {person}. Actes affirmés par la seule machine : {machine}.",
    remarks: "Bon à savoir ({n}) :",
    where_entry: "entrée {seq} de l’auteur {writer}",
    where_log: "le journal, ou aucune entrée en particulier",
    field: "champ {field}",
    clock: "{at} à l’horloge de l’auteur",
    means: "Ce que cela peut signifier : ",
    more: "… et {n} autres du même genre",
    unreadable: "Le lot est illisible : {file} : {why}",
    gone: "ce fichier n’existe pas",
    denied: "cet utilisateur ne peut pas le lire",
    folder: "c’est un dossier, pas un fichier",
    no_zip: "ce n’est pas un ZIP, ou il est abîmé",
    too_large: "{what} : {size} ; aucun lot n’en a plus de {limit}",
};

pub(super) fn say(code: &str) -> Option<Said> {
    Some(match code {
        "cbor.not_canonical" => s(
            "Une entrée n’est pas écrite sous la seule forme permise.",
            "Elle a été abîmée, modifiée, ou écrite par un autre programme que Lanyard. Une forme à double lecture pourrait cacher quelque chose.",
        ),
        "entry.unknown_version" => s(
            "Une entrée est d’une version que ce programme ne connaît pas.",
            "Un programme plus récent l’a écrite. Utilisez un lanyard-verify plus récent ; d’ici là, son contenu n’est pas vérifié.",
        ),
        "entry.duplicate" => s(
            "La même entrée figure deux fois.",
            "Le fichier a été mal assemblé, ou quelqu’un a voulu faire compter deux fois un événement.",
        ),
        "entry.order" => s(
            "Une entrée n’est pas à sa place dans le fichier.",
            "Le fichier a été réarrangé après l’export. Il ne manque peut-être rien, mais ce n’est pas ce qui a été exporté.",
        ),
        "key.foreign" => s(
            "Une entrée a été signée avec une clé qui n’est pas celle de son auteur.",
            "La clé d’un autre poste, une ancienne clé ou celle d’un inconnu a servi : quelqu’un d’autre l’a écrite, ou une clé s’est égarée.",
        ),
        "entry.altered" => s(
            "Une entrée a été modifiée après sa signature, ou n’a jamais été signée par son auteur.",
            "On ne peut pas se fier à ce qu’elle dit. Un dommage a cet effet, une falsification aussi.",
        ),
        "chain.fork" => s(
            "Deux entrées différentes et valablement signées occupent la même place.",
            "L’auteur a raconté deux histoires : sa clé a été copiée et utilisée ailleurs, ou un poste a été restauré d’une vieille sauvegarde et a continué.",
        ),
        "entry.inserted" => s(
            "Une entrée a été glissée là : ses voisines ne la connaissent pas.",
            "Elle a été ajoutée plus tard par quelqu’un qui a la clé de l’auteur.",
        ),
        "entry.missing" => s(
            "Une ou plusieurs entrées manquent ici.",
            "Elles ont été retirées. Ce qui s’est passé dans cette lacune n’est pas montré.",
        ),
        "chain.broken" => s(
            "Une entrée ne découle pas de la précédente.",
            "L’une des deux a été remplacée, ou quelque chose entre elles a été enlevé. Si la précédente est nommée plus haut, ceci en est la suite.",
        ),
        "chain.mixed" => s(
            "Des entrées de répétition et des entrées réelles sont mêlées dans une chaîne.",
            "Des badges d’exercice pourraient passer pour vrais, ou l’inverse.",
        ),
        "key.unvouched" => s(
            "Personne qui y soit autorisé ne s’est porté garant de la clé de cette entrée.",
            "Un poste jamais admis l’a écrite, ou une clé a été changée sans la parole du serveur.",
        ),
        "writer.after_retired" => s(
            "Une entrée a été écrite après la mise hors service de son auteur.",
            "Un poste qui ne devrait plus servir travaille encore, ou sa clé est en d’autres mains.",
        ),
        "opening.mismatch" => s(
            "Une valeur montrée n’est pas celle qui a été enregistrée.",
            "Le nom, le numéro ou l’image montrés ont été échangés ; l’entrée elle-même reste liée à la vraie valeur.",
        ),
        "opening.foreign" => s(
            "Une valeur montrée n’appartient à aucune entrée présente.",
            "Son entrée a été omise, ou la valeur a été ajoutée.",
        ),
        "erase.foreign" => s(
            "Un effacement nomme des valeurs d’une autre fiche.",
            "Des données ont pu être retirées sous prétexte d’une demande d’effacement.",
        ),
        "field.withheld" => {
            s("Une valeur n’est pas montrée, et elle n’a pas été effacée.", "Elle a été omise à l’export. Demandez-la.")
        }
        "blob.altered" => {
            s("Une image ou un document n’est pas celui qui a été enregistré.", "Le fichier a été échangé ou abîmé.")
        }
        "blob.missing" => s("Une image ou un document est absent.", "Il a été omis à l’export. Demandez-le."),
        "signed.invalid" => s(
            "La signature propre d’une personne n’est pas valable.",
            "Cette personne n’a pas signé cela, ou ce qu’elle a signé a été modifié.",
        ),
        "signed.disagrees" => s(
            "Une personne a signé autre chose que ce que dit l’entrée.",
            "La machine a enregistré un autre acte, une autre fiche ou un moment plus tardif que ce que la personne avait accepté.",
        ),
        "scope.cut" => {
            s("La chaîne finit plus tôt, ou autrement, que le lot ne le dit.", "Ses dernières entrées ont été coupées.")
        }
        "log.root" => s(
            "Le point de contrôle du journal ne correspond pas à ce qui est ici, ou le journal ne l’a pas signé.",
            "Les feuilles ou le point de contrôle ont été modifiés, ou viennent d’un autre journal. Rien ne montre que les entrées y figurent.",
        ),
        "log.not_extended" => s(
            "Le journal ne prolonge pas un point de contrôle antérieur.",
            "L’historique a été coupé ou réécrit depuis ce point de contrôle. C’est le défaut le plus grave : demandez qui avait les clés.",
        ),
        "log.entry_missing" => s(
            "Une entrée ne figure que dans l’un des deux : le journal, ou ce lot.",
            "Elle a été retirée de ce lot, ou cachée au journal.",
        ),
        "root.differs" => s(
            "La clé racine n’est pas celle que vous avez indiquée.",
            "C’est l’historique d’une autre maison, ou quelqu’un en a fabriqué un qui lui ressemble.",
        ),
        "clock.backwards" => s(
            "L’horloge de l’auteur a reculé.",
            "L’horloge a été réglée, ou elle était fausse. Les heures sont ici incertaines ; l’ordre ne l’est pas.",
        ),
        "run.not_closed" => s(
            "Une session du poste n’a pas été fermée avant la suivante.",
            "Le courant a manqué, le programme a été arrêté, ou la machine a été remplacée par une copie.",
        ),
        "record.concurrent" => s(
            "Une fiche a été modifiée à deux endroits, et les modifications n’ont pas été réunies.",
            "Deux postes y ont travaillé sans se connaître. Regardez les deux.",
        ),
        "log.not_logged" => s(
            "À partir de cette entrée, la chaîne n’est pas encore au journal.",
            "Elle a été écrite depuis le dernier échange. Les lots suivants doivent la montrer au journal.",
        ),
        "signed.machine_only" => s(
            "Aucune personne n’a signé cet acte ; la machine dit qu’il a eu lieu.",
            "C’est aussi fiable que le poste et ceux qui y avaient accès.",
        ),
        "writer.single_person" => s(
            "Ce poste n’a qu’un seul opérateur.",
            "Une personne pouvait tout faire seule ; personne d’autre ne devait approuver.",
        ),
        "erase.still_shown" => s(
            "Une valeur a été effacée et figure pourtant ici.",
            "Une copie a survécu à l’effacement. Elle devrait être retirée.",
        ),
        _ => return None,
    })
}
