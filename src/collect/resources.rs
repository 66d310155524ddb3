//! Each real trail, bucket, key and log group once, in the account that owns it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinSet;
use trailaudit_checks::calls::{
    ApiCall, DESCRIBE_KEY, DESCRIBE_LOG_GROUPS, GET_TOPIC_ATTRIBUTES, HEAD_BUCKET, LOOKUP_EVENTS,
};
use trailaudit_checks::context::log_group_arn;
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Unknown};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::monitoring::EventRule;
use trailaudit_checks::inventory::{Bucket, Inventory, Key, LogGroup, Topic, Trail};

use super::ask::{Target, gap};
use super::owners::Owners;
use super::run::Run;
use super::share::{Share, is_open};
use super::{cloudtrail, kms, logs, lookup, monitoring, s3, stores};

/// How many resources are looked at side by side; requests have a bound of their own.
const TASKS: usize = 64;

/// Looks at what the accounts' listings have shown: at a share of it.
pub(crate) async fn collect(run: &Arc<Run>, share: &Share) {
    run.ask.progress().doing("trails");
    let trails: Vec<Trail> = {
        let inventory = run.inventory();
        let trails = inventory.trails.values();
        trails.filter(|it| share.has_trail(it)).cloned().collect()
    };
    each(run, trails, |run, trail| async move {
        trail_details(&run, trail).await
    })
    .await;

    if share.is_rest() {
        stores::where_trails_leave_holes(run).await;
    }

    run.ask.progress().doing("buckets");
    let owners = Arc::new(Owners::default());
    let wanted = log_buckets(run, share);
    buckets(run, &owners, wanted).await;
    // Where access logs about log buckets and replicas of them go.
    if share.is_rest() {
        let targets = buckets_behind(run);
        buckets(run, &owners, targets).await;
    }

    run.ask.progress().doing("keys and log groups");
    let keys = keys(run, share);
    each(run, keys, |run, arn| async move { key(&run, arn).await }).await;
    let replicas = replicas(run, share);
    each(
        run,
        replicas,
        |run, arn| async move { key(&run, arn).await },
    )
    .await;
    let groups = log_groups(run, share);
    let places = watched(run, share);
    let work = |run: Arc<Run>, arn| async move { log_group(&run, arn).await };
    each(run, groups, work).await;

    run.ask.progress().doing("alarms, rules and topics");
    let work = |run: Arc<Run>, place| async move { alarms_and_rules(&run, place).await };
    each(run, places, work).await;
    if share.is_rest() {
        let work = |run: Arc<Run>, place| async move { rules_alone(&run, place).await };
        each(run, where_rules_matter(run), work).await;
    }
    let work = |run: Arc<Run>, arn| async move { topic(&run, arn).await };
    each(run, topics(run, share), work).await;
    let work = |run: Arc<Run>, arn| async move { topic_key(&run, arn).await };
    each(run, topic_keys(run, share), work).await;

    if share.is_rest() && run.ask.needs(LOOKUP_EVENTS) {
        // The slowest of all, and it depends on where buckets and keys are: what else was seen is kept already, should
        // the run be interrupted.
        run.ask.progress().doing("recent calls");
        let places = run.inventory().regions.keys().cloned().collect();
        let work = |run: Arc<Run>, place| async move { recent_calls(&run, place).await };
        each(run, places, work).await;
    }
}

async fn recent_calls(run: &Run, (account, region): (AccountId, Region)) {
    let Some(target) = run.session(&account) else {
        return;
    };
    let tampering = lookup::tampering(run, &target.in_region(&region)).await;
    if let Some(view) = run.inventory().regions.get_mut(&(account, region)) {
        view.tampering = tampering.map(Box::new);
    }
}

/// The keys of topics, as far as they are not known already; nobody can change the one that AWS manages for SNS.
fn topic_keys(run: &Run, share: &Share) -> Vec<Arn> {
    let inventory = run.inventory();
    let named = inventory.topics.values().filter_map(|topic| {
        let set = topic.configuration.ok()?.as_ref()?;
        let id = set.kms_key.ok()?.as_deref()?;
        let own = !id.is_empty() && !Topic::is_aws_managed(id);
        own.then(|| topic.key_arn(id))
    });
    let keys: BTreeSet<Arn> = named
        .filter(|arn| share.has(&arn.account()) && !inventory.keys.contains_key(arn))
        .collect();
    keys.into_iter().collect()
}

/// Who may use a topic's key: what else there is to know of a key matters for those of the logs alone.
async fn topic_key(run: &Run, arn: Arn) {
    let key = match reach(run, &arn, DESCRIBE_KEY) {
        Ok(target) => kms::key_policy(&run.ask, &target, arn).await,
        Err(gap) => unreached(arn, gap),
    };
    run.inventory().keys.insert(key.arn.clone(), key);
}

/// Runs the work on every item, some at a time; a task that dies leaves its item as it was.
pub(crate) async fn each<T, F>(run: &Arc<Run>, items: Vec<T>, work: impl Fn(Arc<Run>, T) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut items = items.into_iter();
    let mut tasks = JoinSet::new();
    loop {
        while tasks.len() < TASKS
            && let Some(item) = items.next()
        {
            tasks.spawn(work(Arc::clone(run), item));
        }
        if tasks.join_next().await.is_none() {
            break;
        }
    }
}

async fn trail_details(run: &Run, trail: Trail) {
    // A member sees the organization's trail, and may ask about it by its ARN.
    let Some(target) = run
        .session(&trail.account)
        .or_else(|| run.viewer(&trail.arn))
    else {
        // Nobody can be asked about it: its details stay unknown, and it stays.
        run.inventory().trails.insert(trail.arn.clone(), trail);
        return;
    };
    let mut trail = cloudtrail::details(&run.ask, &target, trail).await;
    // The owner's view counts: to a member, the organization's trail shows less.
    if run.options.in_every_region && target.account == trail.account {
        let regions = covered(run, &trail);
        trail.regions = cloudtrail::in_regions(&run.ask, &target, &trail, regions).await;
    }
    run.inventory().trails.insert(trail.arn.clone(), trail);
}

/// The regions in scope that the trail covers, as far as they are known.
fn covered(run: &Run, trail: &Trail) -> Vec<Region> {
    if trail.configuration.multi_region.ok() != Some(&true) {
        return Vec::new();
    }
    let inventory = run.inventory();
    let account = inventory.accounts.get(&trail.account);
    let switches = account.and_then(|it| it.regions.ok()).into_iter().flatten();
    let open = switches.filter(|it| it.enabled && !it.excluded);
    open.map(|it| it.name.clone()).collect()
}

/// Bucket names, and the account that says it delivers there.
fn log_buckets(run: &Run, share: &Share) -> BTreeMap<String, AccountId> {
    let inventory = run.inventory();
    let trails = inventory.trails.values();
    let mut names: BTreeMap<String, AccountId> = trails
        .filter_map(|trail| {
            Some((
                trail.configuration.bucket.ok()?.clone(),
                trail.account.clone(),
            ))
        })
        .collect();
    names.retain(|name, account| share.has(account) && inventory.bucket(name).is_none());
    names
}

/// The buckets that log buckets name, and the account to begin with when looking for their owner.
fn buckets_behind(run: &Run) -> BTreeMap<String, AccountId> {
    let inventory = run.inventory();
    let mut names = BTreeMap::new();
    for bucket in inventory.buckets.values() {
        let Known(Some(owner)) = &bucket.owner else {
            continue;
        };
        if let Known(Some(logging)) = &bucket.access_logging {
            names.insert(logging.target_bucket.clone(), owner.clone());
        }
        for rule in bucket.replication.ok().into_iter().flatten().flatten() {
            let account = rule.destination_account.as_ref().unwrap_or(owner);
            names.insert(rule.destination.resource().to_owned(), account.clone());
        }
    }
    names.retain(|name, _| inventory.bucket(name).is_none());
    names
}

async fn buckets(run: &Arc<Run>, owners: &Arc<Owners>, names: BTreeMap<String, AccountId>) {
    let names: Vec<(String, AccountId)> = names.into_iter().collect();
    each(run, names, |run, (name, account)| {
        let owners = Arc::clone(owners);
        async move {
            let bucket = bucket(&run, &owners, &name, &account).await;
            run.inventory().buckets.insert(bucket.arn.clone(), bucket);
        }
    })
    .await;
}

async fn bucket(run: &Run, owners: &Owners, name: &str, trail_owner: &AccountId) -> Bucket {
    let ask = &run.ask;
    let owner = if ask.needs(HEAD_BUCKET) {
        owners.of(run, name, trail_owner).await
    } else {
        Unknown(super::ask::not_asked(&run.caller, HEAD_BUCKET))
    };
    if let Known(Some(id)) = &owner
        && let Some(target) = run.session(id)
    {
        return s3::bucket(ask, &target, &run.partition, name, owner).await;
    }
    let asker = run
        .session(trail_owner)
        .unwrap_or_else(|| run.caller.clone());
    let exists = s3::exists(ask, &asker, name).await;
    match (&exists, &owner) {
        (Known(false), _) => {
            let gone = |call| gap(&asker, call, Reason::NotAsked, "the bucket does not exist");
            s3::unread(&run.partition, name, exists, Known(None), gone)
        }
        // Its own account could not list its buckets: it may still be the owner, and allowed to read.
        (_, Unknown(_))
            if !owners.denies(run, name, trail_owner).await && ask.needs(HEAD_BUCKET) =>
        {
            let mut bucket = s3::bucket(ask, &asker, &run.partition, name, owner).await;
            bucket.exists = exists;
            bucket
        }
        (_, Unknown(why)) => {
            let why = why.clone();
            s3::unread(&run.partition, name, exists, owner, |_| why.clone())
        }
        (_, Known(_)) => {
            let stranger = "no account in sight owns the bucket";
            let outside = |call| gap(&asker, call, Reason::Denied, stranger);
            s3::unread(&run.partition, name, exists, owner, outside)
        }
    }
}

/// Every key that a trail, a log bucket or a store encrypts with.
fn keys(run: &Run, share: &Share) -> Vec<Arn> {
    let inventory = run.inventory();
    let trails = inventory
        .trails
        .values()
        .filter_map(|it| it.configuration.kms_key.ok()?.clone());
    let buckets = inventory.buckets.values().filter_map(|bucket| {
        bucket
            .encryption
            .ok()?
            .as_ref()?
            .kms_key
            .as_deref()
            .map(Arn::from)
    });
    let stores = inventory
        .event_data_stores
        .values()
        .filter_map(|it| it.configuration.kms_key.ok()?.clone());
    let keys: BTreeSet<Arn> = trails.chain(buckets).chain(stores).collect();
    let open = |arn: &Arn| share.has(&arn.account()) && !inventory.keys.contains_key(arn);
    keys.into_iter().filter(open).collect()
}

/// The other keys of multi-region keys: each has a policy of its own.
fn replicas(run: &Run, share: &Share) -> Vec<Arn> {
    let inventory = run.inventory();
    let metadata = inventory
        .keys
        .values()
        .filter_map(|it| it.metadata.ok()?.as_ref());
    let others = metadata.filter_map(|it| it.replicas.ok()).flatten();
    let open = |arn: &&Arn| share.has(&arn.account()) && !inventory.keys.contains_key(*arn);
    let others = others.filter(open);
    let others: BTreeSet<Arn> = others.cloned().collect();
    others.into_iter().collect()
}

async fn key(run: &Run, arn: Arn) {
    let key = match reach(run, &arn, DESCRIBE_KEY) {
        Ok(target) => kms::key(&run.ask, &target, arn).await,
        Err(gap) => unreached(arn, gap),
    };
    run.inventory().keys.insert(key.arn.clone(), key);
}

fn unreached(arn: Arn, gap: Gap) -> Key {
    Key {
        account: arn.account(),
        region: arn.region(),
        metadata: Unknown(gap.clone()),
        policy: Unknown(gap.clone()),
        rotation: Unknown(gap.clone()),
        grants: Unknown(gap),
        arn,
    }
}

fn log_groups(run: &Run, share: &Share) -> Vec<Arn> {
    let inventory = run.inventory();
    let open = |arn: &Arn| share.has(&arn.account()) && !inventory.log_groups.contains_key(arn);
    named_groups(&inventory).into_iter().filter(open).collect()
}

fn named_groups(inventory: &Inventory) -> BTreeSet<Arn> {
    let trails = inventory.trails.values();
    let groups = trails.filter_map(|it| it.configuration.log_group.ok()?.as_ref());
    groups.map(log_group_arn).collect()
}

/// Where alarms and rules may watch: alarms live where the log group does, rules where the trail does.
fn watched(run: &Run, share: &Share) -> Vec<(AccountId, Region)> {
    let inventory = run.inventory();
    let groups = named_groups(&inventory).into_iter();
    let groups = groups.map(|arn| (arn.account(), arn.region()));
    let trails = inventory.trails.values();
    let trails = trails.map(|it| (it.account.clone(), it.home_region.clone()));
    let places: BTreeSet<(AccountId, Region)> = groups.chain(trails).collect();
    let open = |place: &(AccountId, Region)| {
        let view = inventory.regions.get(place);
        share.has(&place.0) && view.is_none_or(|it| is_open(&it.alarms))
    };
    places.into_iter().filter(open).collect()
}

async fn log_group(run: &Run, arn: Arn) {
    let group = match reach(run, &arn, DESCRIBE_LOG_GROUPS) {
        Ok(target) => logs::log_group(&run.ask, &target, arn).await,
        Err(gap) => LogGroup {
            name: arn.resource().trim_start_matches("log-group:").to_owned(),
            account: arn.account(),
            region: arn.region(),
            configuration: Unknown(gap.clone()),
            metric_filters: Unknown(gap.clone()),
            subscription_filters: Unknown(gap),
            arn,
        },
    };
    run.inventory().log_groups.insert(group.arn.clone(), group);
}

async fn alarms_and_rules(run: &Run, (account, region): (AccountId, Region)) {
    let Some(target) = run.session(&account) else {
        return;
    };
    let target = target.in_region(&region);
    let (alarms, rules, policies) = futures::join!(
        monitoring::alarms(&run.ask, &target),
        monitoring::rules(&run.ask, &target),
        monitoring::log_resource_policies(&run.ask, &target),
    );
    if let Some(view) = run.inventory().regions.get_mut(&(account, region)) {
        view.alarms = alarms;
        view.rules = rules;
        view.log_resource_policies = policies;
    }
}

/// Where else rules decide: in every region in scope, once some rule hands on CloudTrail's events. Without one the events
/// of that region are missed, whatever is elsewhere.
fn where_rules_matter(run: &Run) -> Vec<(AccountId, Region)> {
    let inventory = run.inventory();
    let hands_on = |rule: &EventRule| {
        let pattern = rule.pattern.as_deref().unwrap_or_default();
        rule.state != "DISABLED" && pattern.to_ascii_lowercase().contains("cloudtrail")
    };
    let mut views = inventory.regions.values();
    if !views.any(|view| view.rules.ok().is_some_and(|all| all.iter().any(hands_on))) {
        return Vec::new();
    }
    let views = inventory.regions.values();
    let open = views.filter(|view| is_open(&view.rules));
    open.map(|it| (it.account.clone(), it.region.clone()))
        .collect()
}

async fn rules_alone(run: &Run, (account, region): (AccountId, Region)) {
    let Some(target) = run.session(&account) else {
        return;
    };
    let rules = monitoring::rules(&run.ask, &target.in_region(&region)).await;
    if let Some(view) = run.inventory().regions.get_mut(&(account, region)) {
        view.rules = rules;
    }
}

/// Every topic that a trail, an alarm, a rule or a bucket writes to.
fn topics(run: &Run, share: &Share) -> Vec<Arn> {
    let inventory = run.inventory();
    let trails = inventory
        .trails
        .values()
        .filter_map(|it| it.configuration.sns_topic.ok()?.clone());
    let alarms = inventory
        .regions
        .values()
        .filter_map(|view| view.alarms.ok())
        .flatten();
    let actions = alarms.filter_map(|alarm| alarm.alarm_actions.ok());
    let actions = actions.flatten().cloned();
    let rules = inventory
        .regions
        .values()
        .filter_map(|view| view.rules.ok())
        .flatten();
    let targets = rules
        .filter_map(|rule| rule.targets.ok())
        .flatten()
        .cloned();
    let buckets = inventory.buckets.values();
    let notified = buckets.filter_map(|it| it.notifications.ok());
    let notified = notified.flat_map(|it| &it.targets).cloned();
    let topics: BTreeSet<Arn> = trails
        .chain(actions)
        .chain(targets)
        .chain(notified)
        .filter(|arn| arn.service() == "sns" && share.has(&arn.account()))
        .filter(|arn| !inventory.topics.contains_key(arn))
        .collect();
    topics.into_iter().collect()
}

async fn topic(run: &Run, arn: Arn) {
    let topic = match reach(run, &arn, GET_TOPIC_ATTRIBUTES) {
        Ok(target) => monitoring::topic(&run.ask, &target, arn).await,
        Err(gap) => Topic {
            configuration: Unknown(gap.clone()),
            subscriptions: Unknown(gap),
            arn,
        },
    };
    run.inventory().topics.insert(topic.arn.clone(), topic);
}

/// The session of the account that an ARN names, in the region that it names.
fn reach(run: &Run, arn: &Arn, call: ApiCall) -> Result<Target, Gap> {
    let account = arn.account();
    if let Some(target) = run.session(&account) {
        return Ok(target.in_region(&arn.region()));
    }
    let seen = run
        .inventory()
        .accounts
        .get(&account)
        .map(|it| it.session.clone());
    match seen {
        Some(Fact::Unknown(gap)) => Err(gap),
        Some(Fact::Known(_)) | None => {
            let at = Target {
                account,
                region: arn.region(),
                ..run.caller.clone()
            };
            Err(gap(
                &at,
                call,
                Reason::Denied,
                "no account in sight owns it",
            ))
        }
    }
}
