//! A live run from beginning to end, and what becomes of it when it is interrupted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use jiff::{Timestamp, Unit};
use tokio::sync::mpsc;
use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::control_policies;
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::fact::{Fact, Gap, Reason, Unknown};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::{Header, Iam, Inventory, SCHEMA, Scope, Tool, Trailer};

use super::ask::{Ask, Target};
use super::parts::{Begun, Part};
use super::progress::Progress;
use super::{CollectError, Options, Step, clients, endpoints, scope};
use crate::snapshot::Spool;

/// What all tasks of a run share.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) ask: Arc<Ask>,
    pub(crate) options: Options,
    pub(crate) partition: String,
    /// Where the partition's global services are asked.
    pub(crate) home: Region,
    pub(crate) caller: Target,
    seen: Arc<Mutex<Inventory>>,
    /// Who can be asked about the resources of an account.
    sessions: Mutex<BTreeMap<AccountId, Target>>,
    /// Who sees a trail: for trails whose owner cannot be asked.
    viewers: Mutex<BTreeMap<Arn, BTreeSet<AccountId>>>,
    iam: mpsc::Sender<Iam>,
}

impl Run {
    pub(crate) fn inventory(&self) -> MutexGuard<'_, Inventory> {
        locked(&self.seen)
    }

    /// The role by which this account is entered, if one was given; the settings may name another for it.
    pub(crate) fn role(&self, account: &AccountId) -> Option<&str> {
        let special = self.options.roles.get(account);
        let name = special.and_then(|it| it.role_name.as_ref());
        name.or(self.options.role_name.as_ref()).map(String::as_str)
    }

    /// There is a way into this account: it is the caller's own, or has a role.
    pub(crate) fn may_enter(&self, account: &AccountId) -> bool {
        *account == self.caller.account || self.role(account).is_some()
    }

    pub(crate) fn session(&self, account: &AccountId) -> Option<Target> {
        locked(&self.sessions).get(account).cloned()
    }

    pub(crate) fn add_session(&self, target: &Target) {
        locked(&self.sessions).insert(target.account.clone(), target.clone());
    }

    pub(crate) fn sees(&self, account: &AccountId, trail: &Arn) {
        locked(&self.viewers)
            .entry(trail.clone())
            .or_default()
            .insert(account.clone());
    }

    /// The first account, in order, that sees this trail and can be asked about it.
    pub(crate) fn viewer(&self, trail: &Arn) -> Option<Target> {
        let viewers = locked(&self.viewers)
            .get(trail)
            .cloned()
            .unwrap_or_default();
        viewers.iter().find_map(|account| self.session(account))
    }

    /// Hands an account's IAM documents over to the disk.
    pub(crate) async fn keep(&self, iam: Iam) {
        // Nobody listens any more when the run is over already.
        drop(self.iam.send(iam).await);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks AWS, and keeps the answers. On Ctrl-C what was seen so far is given back, marked as interrupted.
pub fn collect(
    options: Options,
    step: Step,
    spool: &mut Spool,
    tool: Tool,
) -> Result<Inventory, CollectError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads to run on")
        .map_err(CollectError::Fatal)?;
    let result = runtime.block_on(interruptible(options, step, spool, tool));
    // Requests that are still under way are of no interest any more.
    runtime.shutdown_background();
    result
}

async fn interruptible(
    options: Options,
    step: Step,
    spool: &mut Spool,
    tool: Tool,
) -> Result<Inventory, CollectError> {
    // An engine that takes a job back says so by TERM.
    let engine = matches!(step, Step::Accounts(..) | Step::Share(..));
    let Begun {
        inventory,
        part,
        asked,
    } = Begun::of(step, || nothing_yet(tool));
    let seen = Arc::new(Mutex::new(inventory));
    let ask: Arc<Mutex<Option<Arc<Ask>>>> = Arc::default();
    let interrupted = tokio::select! {
        done = whole(options, part, spool, Arc::clone(&seen), Arc::clone(&ask)) => {
            done?;
            false
        }
        signal = stopped(engine) => {
            signal.context("signals cannot be listened for").map_err(CollectError::Fatal)?;
            true
        }
    };
    // What is still under way when the run is interrupted is of no interest any more.
    let mut inventory = taken(&mut locked(&seen));
    if let Some(ask) = locked(&ask).as_ref() {
        ask.progress().done();
        inventory.ledger = asked.and(ask.ledger());
    }
    control_policies::settle(&mut inventory);
    close(&mut inventory, interrupted);
    Ok(inventory)
}

/// All that was seen, which may be too much to hold twice.
fn taken(seen: &mut Inventory) -> Inventory {
    let nothing = Inventory::new(seen.header.clone(), seen.organization.clone());
    std::mem::replace(seen, nothing)
}

/// Ends with Ctrl-C, and for a job of an engine with TERM.
async fn stopped(engine: bool) -> std::io::Result<()> {
    #[cfg(unix)]
    if engine {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate())?;
        return tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt,
            _ = term.recv() => Ok(()),
        };
    }
    tokio::signal::ctrl_c().await
}

/// What is known before anything was asked.
fn nothing_yet(tool: Tool) -> Inventory {
    let now = Timestamp::now();
    let header = Header {
        schema: SCHEMA,
        tool,
        taken_at: now.round(Unit::Second).unwrap_or(now),
        scope: Scope {
            organization: None,
            management_account: None,
            caller_arn: Arn::from(""),
            partition: "aws".to_owned(),
            accounts: Vec::new(),
            endpoints: Vec::new(),
            regions: Vec::new(),
        },
    };
    let gap = Gap::of_call(
        calls::DESCRIBE_ORGANIZATION,
        &AccountId::from(""),
        &Region::from(""),
        Reason::Interrupted,
        "the run ended before this was asked",
    );
    Inventory::new(header, Unknown(gap))
}

/// The end of it. What the trailer says of the records is read off them when they are a snapshot.
fn close(inventory: &mut Inventory, interrupted: bool) {
    let now = Timestamp::now();
    inventory.trailer = Some(Trailer {
        finished_at: now.round(Unit::Second).unwrap_or(now),
        interrupted,
        coverage: Coverage::default(),
        counts: BTreeMap::new(),
        shards: Vec::new(),
    });
}

async fn whole(
    options: Options,
    part: Part,
    spool: &mut Spool,
    seen: Arc<Mutex<Inventory>>,
    shared: Arc<Mutex<Option<Arc<Ask>>>>,
) -> Result<(), CollectError> {
    let config = clients::load(options.profile.as_deref()).await;
    let credentials = scope::credentials(&config, options.profile.as_deref()).await?;
    let mut needed = calls::with_prerequisites(&options.needed);
    needed.retain(|call| !options.needed_where_unrecorded.contains(call));
    let ask = Ask::new(
        clients::Clients::new(&config),
        needed,
        options.max_in_flight,
        Progress::new(options.progress),
    );
    let ask = Arc::new(ask.keeping(options.answers.clone()));
    *locked(&shared) = Some(Arc::clone(&ask));
    let caller = scope::caller(&ask, &config, credentials).await?;
    let (iam, mut documents) = mpsc::channel(4);
    let run = Arc::new(Run {
        home: caller.target.region.clone(),
        partition: caller.arn.partition().to_owned(),
        caller: caller.target,
        ask,
        options,
        seen,
        sessions: Mutex::default(),
        viewers: Mutex::default(),
        iam,
    });
    {
        let mut inventory = run.inventory();
        let scope = &mut inventory.header.scope;
        if part.goes_on() {
            scope::is_same(scope, &caller.arn)?;
        } else {
            scope.caller_arn = caller.arn;
            scope.endpoints = endpoints::custom(&config);
            scope.partition.clone_from(&run.partition);
        }
    }
    let work = async {
        let worked = part.work(&run).await;
        // The last sender of documents: the store ends with it.
        drop(run);
        worked
    };
    let store = async {
        while let Some(iam) = documents.recv().await {
            spool.append(&iam)?;
        }
        anyhow::Ok(())
    };
    let (worked, stored) = futures::join!(work, store);
    worked?;
    stored.map_err(CollectError::Fatal)
}

/// A fact that this version does not collect.
pub(crate) fn later<T>(target: &Target, call: ApiCall) -> Fact<T> {
    Unknown(super::ask::not_asked(target, call))
}
