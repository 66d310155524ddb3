//! HTML: one page that needs nothing else, neither a network nor scripts.
//!
//! The verdict first: five answers and their reasons. Then where, when and by whom; the findings; the controls;
//! what is accepted; and how all this was found. A script adds filters and pages of long tables, and nothing more.

mod chains;
mod checks;
mod findings;
mod frameworks;
mod map;
mod method;
mod owners;
mod page;
mod said;
mod tamper;
mod verdict;
mod waivers;

use std::io::{self, BufWriter, Write};

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::Finding;

use crate::ended::Ended;
use crate::wording::Names;
use crate::{Format, Options};
use page::Page;

pub(crate) const FORMAT: Format = Format {
    name: "html",
    extension: "html",
    about: "For people: one page with the verdict, maps, findings and controls; opens offline, prints well",
    write,
};

fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut page = Page::new(&mut out)?;
    let story = Story {
        audit,
        names: Names::of(audit),
        options,
    };
    verdict::write(&mut page, &story)?;
    map::write(&mut page, &story)?;
    owners::write(&mut page, &story)?;
    chains::write(&mut page, &story)?;
    tamper::write(&mut page, &story)?;
    findings::write(&mut page, &story)?;
    frameworks::write(&mut page, &story)?;
    waivers::write(&mut page, &story)?;
    method::write(&mut page, &story)?;
    out.flush()
}

/// What a policy of the page must say to allow this style, and nothing else.
pub(crate) fn style_policy(style: &str) -> String {
    page::hash(style)
}

/// The audit, and how it is to be told.
struct Story<'a> {
    audit: &'a Audit,
    names: Names<'a>,
    options: &'a Options,
}

impl<'a> Story<'a> {
    /// The findings that are listed.
    fn shown(&self) -> impl Iterator<Item = &'a Finding> + '_ {
        let findings = self.audit.findings.iter();
        findings.filter(|it| self.options.listed.has(it))
    }

    /// What is kept from the lists; empty when that is nothing.
    fn hidden(&self) -> String {
        self.options
            .listed
            .hidden(self.audit, &Ended::OF_FINDINGS)
            .unwrap_or_default()
    }
}
