//! Where IAM documents wait while a run is under way: a temporary file that nobody else can open.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use anyhow::Context as _;
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::Iam;

use crate::files::{temporary_file, while_temporary};

/// IAM records on disk, compressed one by one: a thousand accounts of 15 MB each need no 15 GB.
#[derive(Debug)]
pub struct Spool {
    file: File,
    end: u64,
    /// Where each account's record lies, and how long it is.
    index: BTreeMap<AccountId, (u64, u64)>,
}

impl Spool {
    /// An empty one, mode 0600 and already without a name.
    pub fn new() -> anyhow::Result<Self> {
        let file = temporary_file()?;
        Ok(Self {
            file,
            end: 0,
            index: BTreeMap::new(),
        })
    }

    /// Keeps the record of an account. A second one takes the place of the first.
    pub fn append(&mut self, iam: &Iam) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(iam)?;
        let packed = zstd::encode_all(bytes.as_slice(), 1)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file
            .write_all(&packed)
            .map_err(while_temporary)
            .context("the temporary file cannot be written")?;
        let length = packed.len() as u64;
        self.index.insert(iam.account.clone(), (self.end, length));
        self.end += length;
        Ok(())
    }

    /// How many accounts' records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// It holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Hands over the records in order of account.
    pub fn each(&self, mut f: impl FnMut(Iam) -> anyhow::Result<()>) -> anyhow::Result<()> {
        for (start, length) in self.index.values() {
            let mut file = &self.file;
            file.seek(SeekFrom::Start(*start))?;
            let bytes = zstd::decode_all(file.take(*length))
                .context("the temporary file cannot be read back")?;
            f(serde_json::from_slice(&bytes)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailaudit_checks::inventory::iam::AuthorizationDetails;

    #[test]
    fn gives_back_what_it_got_in_order_of_account() {
        let mut spool = Spool::new().unwrap();
        for id in ["3", "1", "2", "1"] {
            let iam = Iam {
                account: AccountId::from(id),
                details: AuthorizationDetails::default().into(),
            };
            spool.append(&iam).unwrap();
        }
        let mut seen = Vec::new();
        spool
            .each(|iam| {
                seen.push(iam.account.to_string());
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, ["1", "2", "3"]);
        assert_eq!(spool.len(), 3);
    }
}
