//! Where records wait while a run is under way: temporary files that nobody else can open.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::marker::PhantomData;

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::Iam;

use crate::files::{temporary_file, while_temporary};

/// What is known of each account, on disk, compressed one by one: a thousand accounts of 15 MB of IAM documents each
/// need no 15 GB.
#[derive(Debug)]
pub struct Spool<T = Iam> {
    file: File,
    end: u64,
    /// Where each account's part lies, and how long it is.
    index: BTreeMap<AccountId, (u64, u64)>,
    holds: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Spool<T> {
    /// An empty one, mode 0600 and already without a name.
    pub fn new() -> anyhow::Result<Self> {
        let file = temporary_file()?;
        Ok(Self {
            file,
            end: 0,
            index: BTreeMap::new(),
            holds: PhantomData,
        })
    }

    /// Keeps what is known of an account. A second time takes the place of the first.
    pub fn keep(&mut self, account: &AccountId, value: &T) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(value)?;
        let packed = zstd::encode_all(bytes.as_slice(), 1)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file
            .write_all(&packed)
            .map_err(while_temporary)
            .context("the temporary file cannot be written")?;
        let length = packed.len() as u64;
        self.index.insert(account.clone(), (self.end, length));
        self.end += length;
        Ok(())
    }

    /// What is known of an account, if anything is.
    pub fn get(&self, account: &AccountId) -> anyhow::Result<Option<T>> {
        let place = self.index.get(account);
        place.map(|it| self.read(*it)).transpose()
    }

    /// Something is known of this account.
    #[must_use]
    pub fn has(&self, account: &AccountId) -> bool {
        self.index.contains_key(account)
    }

    /// Nothing is known of this account any more.
    pub fn forget(&mut self, account: &AccountId) {
        self.index.remove(account);
    }

    /// The accounts, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.index.keys()
    }

    /// How many accounts it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// It knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Hands over what is known, in order of account.
    pub fn each(&self, mut f: impl FnMut(T) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.index.values().try_for_each(|it| f(self.read(*it)?))
    }

    fn read(&self, (start, length): (u64, u64)) -> anyhow::Result<T> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start))?;
        let bytes = zstd::decode_all(file.take(length))
            .context("the temporary file cannot be read back")?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

impl Spool {
    /// Keeps the IAM documents of an account. A second record takes the place of the first.
    pub fn append(&mut self, iam: &Iam) -> anyhow::Result<()> {
        self.keep(&iam.account, iam)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailaudit_checks::inventory::iam::AuthorizationDetails;

    #[test]
    fn gives_back_what_it_got_in_order_of_account() {
        let mut spool: Spool = Spool::new().unwrap();
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
        let two = AccountId::from("2");
        assert_eq!(spool.get(&two).unwrap().unwrap().account, two);
        spool.forget(&two);
        assert!(spool.get(&two).unwrap().is_none() && !spool.has(&two));
    }
}
