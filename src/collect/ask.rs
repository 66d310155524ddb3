//! The one place where an SDK call becomes a [`Fact`].
//!
//! Every call goes through [`Ask::call`]: it holds the permits and budgets, translates errors, and writes
//! the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::sync::Semaphore;
use trailaudit_checks::calls::{ApiCall, GET_OBJECT, LIST_OBJECTS, List};
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Source, Unknown, Why};
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::facts::Facts;
use trailaudit_checks::inventory::{CallOutcome, CallRecord};

use super::budget::Budget;
use super::clients::Clients;
use super::failure::Failure;
use super::guard::Meter;
use super::limits::Listing;
use super::progress::Progress;
use crate::recordings::Kept;

/// Whom to ask: an account, a region, and the credentials for it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) credentials: SharedCredentialsProvider,
}

impl Target {
    /// The same account in another region.
    pub(crate) fn in_region(&self, region: &Region) -> Self {
        Self {
            region: region.clone(),
            ..self.clone()
        }
    }
}

/// Asks AWS, within bounds, and keeps the ledger.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) clients: Clients,
    needed: RwLock<BTreeSet<ApiCall>>,
    permits: Semaphore,
    budget: Budget,
    ledger: Mutex<Vec<CallRecord>>,
    /// Requests about objects that were answered: there are too many for a record each.
    objects: Mutex<BTreeMap<(AccountId, Region, ApiCall, String), u32>>,
    progress: Progress,
    /// Where answers are kept word for word, if they are.
    answers: Option<Arc<Mutex<Kept>>>,
}

impl Ask {
    pub(crate) fn new(
        clients: Clients,
        needed: BTreeSet<ApiCall>,
        max_in_flight: usize,
        progress: Progress,
    ) -> Self {
        Self {
            clients,
            needed: RwLock::new(needed),
            permits: Semaphore::new(max_in_flight.max(1)),
            budget: Budget::default(),
            ledger: Mutex::default(),
            objects: Mutex::default(),
            progress,
            answers: None,
        }
    }

    /// Keeps answers from now on.
    pub(crate) fn keeping(mut self, answers: Option<Arc<Mutex<Kept>>>) -> Self {
        self.answers = answers;
        self
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// A selected check reads this call.
    pub(crate) fn needs(&self, call: ApiCall) -> bool {
        self.needed
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&call)
    }

    /// From now on these are needed as well.
    pub(crate) fn need(&self, calls: &[ApiCall]) {
        self.needed
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(calls);
    }

    /// Makes one call, if a selected check needs it. `absent` names the errors by which AWS says "there is none".
    pub(crate) async fn call<T, E, F>(
        &self,
        target: &Target,
        call: ApiCall,
        about: &str,
        absent: &[&str],
        send: impl FnOnce(Meter) -> F,
    ) -> Fact<Option<T>>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut listing = Listing::new(call);
        self.call_within(target, call, about, absent, &mut listing, send)
            .await
    }

    /// The same, as a page of a listing, which may bring no more than it has left.
    pub(crate) async fn call_within<T, E, F>(
        &self,
        target: &Target,
        call: ApiCall,
        about: &str,
        absent: &[&str],
        listing: &mut Listing,
        send: impl FnOnce(Meter) -> F,
    ) -> Fact<Option<T>>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if !self.needs(call) {
            return Unknown(not_asked(target, call));
        }
        self.budget
            .wait(&target.account, &target.region, call)
            .await;
        // The semaphore is never closed; without a permit the call would only be unbounded.
        let _permit = self.permits.acquire().await.ok();
        self.unbounded(target, call, about, absent, listing, send)
            .await
    }

    /// The same without permit and budget: for credentials, which a call that holds a permit may wait for.
    pub(crate) async fn unbounded<T, E, F>(
        &self,
        target: &Target,
        call: ApiCall,
        about: &str,
        absent: &[&str],
        listing: &mut Listing,
        send: impl FnOnce(Meter) -> F,
    ) -> Fact<Option<T>>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let keeps = self.answers.is_some() && !is_of_objects(call);
        let meter = Meter::new(listing.allowed(), keeps);
        let answer = match send(meter.clone()).await {
            Ok(value) => {
                let request_id = value.request_id().map(str::to_owned);
                Ok((value, request_id))
            }
            Err(error) => Err(Failure::of(&error)),
        };
        listing.received(meter.received());
        let request_id = match &answer {
            Ok((_, request_id)) => request_id.clone(),
            Err(failure) => failure.request_id.clone(),
        };
        let fact = self.settle(target, call, about, absent, meter.sent(), answer);
        self.keep(target, call, about, request_id, &meter);
        fact
    }

    /// Keeps what was answered, beside the ledger's record of the call.
    fn keep(
        &self,
        target: &Target,
        call: ApiCall,
        about: &str,
        request_id: Option<String>,
        meter: &Meter,
    ) {
        let (Some(answers), Some((status, bytes))) = (&self.answers, meter.heard()) else {
            return;
        };
        let of = CallRecord {
            account: target.account.clone(),
            region: target.region.clone(),
            call,
            about: about.to_owned(),
            outcome: CallOutcome::Answered,
            detail: String::new(),
            request_id,
            attempts: meter.sent(),
        };
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not kept is missed when the answers are saved.
        answers.keep(&of, status, &bytes);
    }

    /// Writes an answer into the ledger and makes a fact of it.
    pub(crate) fn settle<T>(
        &self,
        target: &Target,
        call: ApiCall,
        about: &str,
        absent: &[&str],
        attempts: u32,
        answer: Result<(T, Option<String>), Failure>,
    ) -> Fact<Option<T>> {
        let (fact, outcome, detail, request_id) = match answer {
            Ok((value, request_id)) => (
                Known(Some(value)),
                CallOutcome::Answered,
                String::new(),
                request_id,
            ),
            Err(failure) if absent.contains(&failure.code.as_str()) => (
                Known(None),
                CallOutcome::Absent,
                String::new(),
                failure.request_id,
            ),
            Err(failure) => {
                let gap = Gap::from(Why {
                    source: Source::Call(call),
                    account: target.account.clone(),
                    region: target.region.clone(),
                    reason: failure.reason,
                    detail: failure.detail.clone(),
                    request_id: failure.request_id.clone(),
                });
                let outcome = CallOutcome::Failed(failure.reason);
                (Unknown(gap), outcome, failure.detail, failure.request_id)
            }
        };
        self.progress.called(u64::from(attempts));
        if is_of_objects(call) && !matches!(outcome, CallOutcome::Failed(_)) {
            let (account, region) = (target.account.clone(), target.region.clone());
            let key = (account, region, call, about.to_owned());
            let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
            let sum = objects.entry(key).or_default();
            *sum = sum.saturating_add(attempts);
            return fact;
        }
        let record = CallRecord {
            account: target.account.clone(),
            region: target.region.clone(),
            call,
            about: about.to_owned(),
            outcome,
            detail,
            request_id,
            attempts,
        };
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
        fact
    }

    /// All calls so far, in an order that does not depend on when they were answered.
    pub(crate) fn ledger(&self) -> Vec<CallRecord> {
        let mut ledger = self
            .ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.extend(
            objects
                .iter()
                .map(|((account, region, call, about), attempts)| CallRecord {
                    account: account.clone(),
                    region: region.clone(),
                    call: *call,
                    about: about.clone(),
                    outcome: CallOutcome::Answered,
                    detail: String::new(),
                    request_id: None,
                    attempts: *attempts,
                }),
        );
        ledger.sort();
        ledger
    }
}

/// Calls that are made for each of many objects.
fn is_of_objects(call: ApiCall) -> bool {
    [GET_OBJECT, LIST_OBJECTS].contains(&call)
}

/// No selected check needs it.
pub(crate) fn not_asked(target: &Target, call: ApiCall) -> Gap {
    gap(target, call, Reason::NotAsked, "no selected check needs it")
}

/// The answer cannot be read.
pub(crate) fn malformed(target: &Target, call: ApiCall, what: &str) -> Gap {
    gap(target, call, Reason::Malformed, what)
}

/// A fact that cannot be had, and why.
pub(crate) fn gap(target: &Target, call: ApiCall, reason: Reason, detail: &str) -> Gap {
    Gap::of_call(call, &target.account, &target.region, reason, detail)
}

/// What one call tells: all of it, or the same gap for each of its facts.
pub(crate) fn of_one_answer<T: Facts + Default>(answer: Fact<T>) -> T {
    match answer {
        Known(told) => told,
        Unknown(gap) => T::default().settled(&|_| gap.clone()),
    }
}

/// Reads what is needed off an answer; `None` when the answer lacks it, which is malformed.
pub(crate) trait Read<T> {
    fn read<U>(self, at: (&Target, ApiCall), with: impl FnOnce(T) -> Option<U>) -> Fact<U>;
}

impl<T> Read<T> for Fact<Option<T>> {
    fn read<U>(
        self,
        (target, call): (&Target, ApiCall),
        with: impl FnOnce(T) -> Option<U>,
    ) -> Fact<U> {
        match self {
            Known(value) => match value.and_then(with) {
                Some(value) => Known(value),
                None => Unknown(malformed(
                    target,
                    call,
                    "the answer lacks what it should hold",
                )),
            },
            Unknown(gap) => Unknown(gap),
        }
    }
}

/// The items of a page. Where the call table says that an answer always holds its list, one without it is no answer:
/// none would be fewer than there are.
pub(crate) fn listed<T>(
    target: &Target,
    call: ApiCall,
    items: Option<Vec<T>>,
) -> Result<Vec<T>, Gap> {
    match (items, call.list()) {
        (Some(items), _) => Ok(items),
        (None, List::Required(member)) => {
            let what = format!("the answer lacks its list {member}");
            Err(malformed(target, call, &what))
        }
        (None, List::MayBeAbsent(_) | List::Nothing) => Ok(Vec::new()),
    }
}

/// The name of the retry quota that the calls to one service in one account and region share.
pub(crate) fn quota(target: &Target, call: ApiCall) -> String {
    format!("{}-{}-{}", target.account, target.region, call.service)
}

/// Sends one SDK request for a target: its region, its credentials, its own retry quota.
///
/// By default the SDK shares one retry quota per service and region over the whole process: one throttled
/// account would spend that of every other.
macro_rules! send {
    (within $listing:expr, $ask:expr, $target:expr, $call:expr, $about:expr, $absent:expr, $sdk:ident, $request:expr) => {{
        let target: &$crate::collect::ask::Target = $target;
        $ask.call_within(target, $call, $about, $absent, $listing, |meter| {
            $request
                .customize()
                .interceptor(meter)
                .config_override($crate::collect::ask::overrides!($sdk, target, $call))
                .send()
        })
        .await
    }};
    ($ask:expr, $target:expr, $call:expr, $about:expr, $absent:expr, $sdk:ident, $request:expr) => {{
        let target: &$crate::collect::ask::Target = $target;
        $ask.call(target, $call, $about, $absent, |meter| {
            $request
                .customize()
                .interceptor(meter)
                .config_override($crate::collect::ask::overrides!($sdk, target, $call))
                .send()
        })
        .await
    }};
}

macro_rules! overrides {
    ($sdk:ident, $target:expr, $call:expr) => {
        $sdk::config::Builder::new()
            .region($sdk::config::Region::new($target.region.to_string()))
            .credentials_provider($target.credentials.clone())
            .retry_partition($sdk::config::retry::RetryPartition::new(
                $crate::collect::ask::quota($target, $call),
            ))
    };
}

/// All pages of a listing as one fact: the first page that fails makes the whole unknown.
///
/// `$page` is the request for a page, given the token of the last one; `$read` takes the list, as far as the answer
/// has it, and the next token off its answer.
macro_rules! pages {
    ($ask:expr, $target:expr, $call:expr, $about:expr, $absent:expr, $sdk:ident, |$token:ident| $page:expr, |$out:ident| $read:expr) => {{
        let mut items = Vec::new();
        let mut $token: Option<String> = None;
        let mut listing = $crate::collect::limits::Listing::new($call);
        loop {
            let page = $crate::collect::ask::send!(
                within &mut listing, $ask, $target, $call, $about, $absent, $sdk, $page
            );
            match page {
                trailaudit_checks::fact::Fact::Known(Some($out)) => {
                    let (page, next): (Option<Vec<_>>, Option<String>) = $read;
                    match $crate::collect::ask::listed($target, $call, page) {
                        Ok(page) => items.extend(page),
                        Err(gap) => break trailaudit_checks::fact::Fact::Unknown(gap),
                    }
                    match listing.next(next) {
                        Ok(None) => break trailaudit_checks::fact::Fact::Known(Some(items)),
                        Ok(next) => $token = next,
                        Err(what) => {
                            let gap = $crate::collect::ask::malformed($target, $call, &what);
                            break trailaudit_checks::fact::Fact::Unknown(gap);
                        }
                    }
                }
                trailaudit_checks::fact::Fact::Known(None) => {
                    break trailaudit_checks::fact::Fact::Known(None);
                }
                trailaudit_checks::fact::Fact::Unknown(gap) => {
                    break trailaudit_checks::fact::Fact::Unknown(gap);
                }
            }
        }
    }};
}

pub(crate) use {overrides, pages, send};
