//! JSON: the audit as it is, by `docs/schemas/audit.schema.json`.

use std::io::{self, Write};

use trailaudit_checks::audit::Audit;

use crate::{Format, Options, sanitize};

pub(crate) const FORMAT: Format = Format {
    name: "json",
    extension: "json",
    about: "The whole audit, for programs; every other format can be made from it",
    write,
};

fn write(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    sanitize::json(audit, out)
}
