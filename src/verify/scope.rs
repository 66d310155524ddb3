//! Where in a bucket CloudTrail's objects lie: which accounts and regions, under which prefixes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trailaudit_checks::calls::LIST_OBJECTS;
use trailaudit_checks::fact::Reason;

use crate::objects::{Source, Unread};

/// What one bucket holds for one account and region under one prefix. All chains that deliver there are verified
/// together, since the name of a log does not tell which trail delivered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// What stands before `AWSLogs/`, without the slash at its end.
    pub prefix: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// Folders of the account, such as `AWSLogs/o-1/111122223333/`, and what CloudTrail delivers there for the
    /// region: `CloudTrail-Digest`, `CloudTrail`, `CloudTrail-Insight`.
    pub services: BTreeMap<String, BTreeSet<String>>,
}

impl Scope {
    /// The folders of digests.
    pub(crate) fn digests(&self) -> impl Iterator<Item = String> + '_ {
        self.folders(|service| service == DIGESTS)
    }

    /// The folders of logs of any kind.
    pub(crate) fn logs(&self) -> impl Iterator<Item = String> + '_ {
        self.folders(|service| service != DIGESTS)
    }

    /// The account's folders that hold digests, such as `AWSLogs/111122223333/`.
    pub(super) fn digest_roots(&self) -> impl Iterator<Item = &String> + '_ {
        let roots = self.services.iter();
        roots
            .filter(|(_, services)| services.contains(DIGESTS))
            .map(|(root, _)| root)
    }

    fn folders(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
        let region = &self.region;
        let folders = self
            .services
            .iter()
            .flat_map(|(root, services)| services.iter().map(move |service| (root, service)));
        let folders: Vec<String> = folders
            .filter(|(_, service)| wanted(service))
            .map(|(root, service)| format!("{root}{service}/{region}/"))
            .collect();
        folders.into_iter()
    }
}

const DIGESTS: &str = "CloudTrail-Digest";
/// What CloudTrail delivers for nearly every account.
const USUAL: [&str; 2] = [DIGESTS, "CloudTrail"];

/// Which of the bucket's objects are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Below this prefix; empty for the whole bucket.
    pub prefix: String,
    /// Also below other folders that hold an `AWSLogs/`.
    pub search: bool,
    /// Only these accounts; empty for all.
    pub accounts: Vec<String>,
    /// Only these regions; empty for all.
    pub regions: Vec<String>,
}

/// What there is, and what could not be listed.
#[derive(Debug, Default)]
pub struct Found {
    /// In order.
    pub scopes: Vec<Scope>,
    /// Folders that could not be listed, and why.
    pub unread: Vec<(String, Unread)>,
}

/// A prefix is a handful of folders deep; a bucket of another kind must not be searched through and through.
const DEEPEST: usize = 4;
const MOST_FOLDERS: usize = 500;

/// Looks for accounts and regions: those of many accounts at once.
pub fn find(source: &dyn Source, wanted: &Wanted) -> Found {
    let base = base(&wanted.prefix);
    let mut listings = Listings::new(source);
    if wanted.search {
        listings.ahead(vec![base.clone(), format!("{base}AWSLogs/")]);
    }
    let mut search = Search {
        listings,
        wanted,
        found: Found::default(),
        accounts: Vec::new(),
        listed: 0,
        cut: false,
    };
    search.prefixes(&base, 0);
    let Search {
        mut listings,
        mut found,
        accounts,
        ..
    } = search;
    let ahead = accounts.iter().flat_map(|Account { root, .. }| {
        let usual = USUAL.iter().map(move |service| format!("{root}{service}/"));
        std::iter::once(root.clone()).chain(usual)
    });
    listings.ahead(ahead.collect());
    let mut below = |found: &mut Found, folders: Vec<String>| -> Vec<Vec<String>> {
        let answers = listings.all(&folders);
        let names = folders.into_iter().zip(answers).map(|(folder, names)| {
            names.unwrap_or_else(|unread| {
                found.unread.push((folder, unread));
                Vec::new()
            })
        });
        names.collect()
    };
    let roots = accounts.iter().map(|it| it.root.clone()).collect();
    let services = below(&mut found, roots).into_iter().zip(&accounts);
    let services: Vec<(&Account, String)> = services
        .flat_map(|(names, account)| names.into_iter().map(move |name| (account, name)))
        .filter(|(_, name)| name == "CloudTrail" || name.starts_with("CloudTrail-"))
        .collect();
    let folders = services
        .iter()
        .map(|(account, service)| format!("{}{service}/", account.root))
        .collect();
    let regions = below(&mut found, folders);
    let mut scopes: BTreeMap<(String, String, String), Scope> = BTreeMap::new();
    for ((account, service), regions) in services.into_iter().zip(regions) {
        for region in regions.into_iter().filter(|it| among(&wanted.regions, it)) {
            let Account { prefix, id, root } = account;
            let key = (prefix.clone(), id.clone(), region.clone());
            let scope = scopes.entry(key).or_insert_with(|| Scope {
                prefix: prefix.clone(),
                account: id.clone(),
                region,
                services: BTreeMap::new(),
            });
            let services = scope.services.entry(root.clone()).or_default();
            services.insert(service.clone());
        }
    }
    found.scopes = scopes.into_values().collect();
    found
}

/// `a/AWSLogs/111122223333/` is asked for as `a/`.
fn base(prefix: &str) -> String {
    let parts: Vec<&str> = prefix
        .split('/')
        .filter(|part| !part.is_empty())
        .take_while(|part| *part != "AWSLogs")
        .collect();
    parts.iter().map(|part| format!("{part}/")).collect()
}

/// The folder of an account, with its prefix.
struct Account {
    prefix: String,
    id: String,
    root: String,
}

/// What lies below each folder. What most buckets have is asked for before it is known to be there, so that nothing
/// waits for one answer to ask the next question.
struct Listings<'a> {
    source: &'a dyn Source,
    known: BTreeMap<String, Result<Vec<String>, Unread>>,
}

impl<'a> Listings<'a> {
    fn new(source: &'a dyn Source) -> Self {
        Self {
            source,
            known: BTreeMap::new(),
        }
    }

    fn ahead(&mut self, folders: Vec<String>) {
        let listed = super::each(&folders, self.source.readers(), |folder| {
            self.source.folders(folder)
        });
        self.known.extend(folders.into_iter().zip(listed));
    }

    /// Something is known to lie below the folder.
    fn has(&self, folder: &str) -> bool {
        matches!(self.known.get(folder), Some(Ok(names)) if !names.is_empty())
    }

    fn one(&mut self, folder: &str) -> Result<Vec<String>, Unread> {
        let known = self.known.remove(folder);
        known.unwrap_or_else(|| self.source.folders(folder))
    }

    fn all(&mut self, folders: &[String]) -> Vec<Result<Vec<String>, Unread>> {
        let new = folders.iter().filter(|it| !self.known.contains_key(*it));
        self.ahead(new.cloned().collect());
        folders.iter().map(|it| self.one(it)).collect()
    }
}

struct Search<'a> {
    listings: Listings<'a>,
    wanted: &'a Wanted,
    found: Found,
    accounts: Vec<Account>,
    listed: usize,
    /// Not all of it was searched.
    cut: bool,
}

impl Search<'_> {
    fn list(&mut self, prefix: &str) -> Vec<String> {
        self.listed += 1;
        self.listings.one(prefix).unwrap_or_else(|unread| {
            self.found.unread.push((prefix.to_owned(), unread));
            Vec::new()
        })
    }

    fn prefixes(&mut self, prefix: &str, depth: usize) {
        if self.wanted.search {
            let mut names = self.list(prefix);
            // Some may list what lies below AWSLogs/ and not the bucket: that is told, and the rest is looked at.
            if depth == 0 && self.listings.has(&format!("{prefix}AWSLogs/")) {
                names.retain(|name| name != "AWSLogs");
                names.push("AWSLogs".to_owned());
            }
            for name in names {
                let below = format!("{prefix}{name}/");
                if name == "AWSLogs" {
                    self.accounts(prefix, &below);
                } else if self.listed >= MOST_FOLDERS {
                    self.unsearched(below);
                } else if depth < DEEPEST {
                    self.prefixes(&below, depth + 1);
                }
            }
        } else {
            self.accounts(prefix, &format!("{prefix}AWSLogs/"));
        }
    }

    /// There are too many folders: that chains may lie in the others is told once, by the first of these.
    fn unsearched(&mut self, folder: String) {
        if std::mem::replace(&mut self.cut, true) {
            return;
        }
        let unread = Unread {
            call: LIST_OBJECTS,
            reason: Reason::NotAsked,
            detail: format!(
                "{MOST_FOLDERS} folders were searched for AWSLogs/, and not {folder} and those after it: give the \
                 prefix, as in s3://BUCKET/PREFIX"
            ),
            request_id: None,
        };
        self.found.unread.push((folder, unread));
    }

    fn accounts(&mut self, prefix: &str, folder: &str) {
        for name in self.list(folder) {
            if name.starts_with("o-") {
                let folder = format!("{folder}{name}/");
                for account in self.list(&folder) {
                    self.account(prefix, &folder, &account);
                }
            } else {
                self.account(prefix, folder, &name);
            }
        }
    }

    fn account(&mut self, prefix: &str, folder: &str, account: &str) {
        let is_account = account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit());
        if is_account && among(&self.wanted.accounts, account) {
            self.accounts.push(Account {
                prefix: prefix.trim_end_matches('/').to_owned(),
                id: account.to_owned(),
                root: format!("{folder}{account}/"),
            });
        }
    }
}

fn among(wanted: &[String], name: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|it| it == name)
}
