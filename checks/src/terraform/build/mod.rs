//! From the resources of a plan to the facts that checks read: the same records as a scan would collect.

mod bucket;
mod bucket_parts;
mod key;
mod log_group;
mod store;
mod trail;
mod watchers;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::hcl::{Val, Work, has_mark};
use super::place::{Place, Places};
use super::plan::{Plan, Resource, Side};
use super::resolve::Target;
use super::value::{Attr, Unsettled, View};
use crate::calls::ApiCall;
use crate::fact::{Fact, Gap, Known, Reason, Source, Unknown, Why};
use crate::ids::Arn;
use crate::inventory::change::{Draft, DraftOf};
use crate::inventory::{Account, Bucket, EventDataStore, Key, LogGroup, RegionView, Topic, Trail};

/// The records of one side of a plan.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) trails: BTreeMap<Arn, Trail>,
    pub(super) stores: BTreeMap<Arn, EventDataStore>,
    pub(super) buckets: BTreeMap<Arn, Bucket>,
    pub(super) keys: BTreeMap<Arn, Key>,
    pub(super) log_groups: BTreeMap<Arn, LogGroup>,
    pub(super) topics: BTreeMap<Arn, Topic>,
    /// Lists of what the plan manages there, not of all that there is: only to be compared with the other side.
    pub(super) regions: Vec<RegionView>,
    /// Likewise.
    pub(super) accounts: Vec<Account>,
    /// The resources behind each record, the record's own first.
    pub(super) origins: BTreeMap<String, Vec<usize>>,
    /// Policies of which parts are unknown.
    pub(super) drafts: Vec<Draft>,
}

/// Builds one side.
pub(super) struct Builder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) places: &'a Places,
    pub(super) side: Side,
    /// What is sensitive becomes unknown.
    pub(super) redact: bool,
    /// The ARN of each resource that has a record, or that records name.
    arns: BTreeMap<usize, Arn>,
    drafts: RefCell<Vec<Draft>>,
    pub(super) built: Built,
}

/// Whose ARN records name.
const NAMED: [&str; 14] = [
    "aws_cloudtrail",
    "aws_cloudtrail_event_data_store",
    "aws_s3_bucket",
    "aws_kms_key",
    "aws_kms_external_key",
    "aws_kms_replica_key",
    "aws_kms_alias",
    "aws_cloudwatch_log_group",
    "aws_sns_topic",
    "aws_cloudwatch_metric_alarm",
    "aws_iam_role",
    "aws_iam_user",
    "aws_iam_policy",
    "aws_iam_group",
];

/// Keys of KMS that Terraform can make.
pub(super) const KEYS: [&str; 4] = [
    "aws_kms_key",
    "aws_kms_external_key",
    "aws_kms_replica_key",
    "aws_kms_alias",
];

impl<'a> Builder<'a> {
    pub(super) fn new(plan: &'a Plan, places: &'a Places, side: Side, redact: bool) -> Self {
        let mut builder = Self {
            plan,
            places,
            side,
            redact,
            arns: BTreeMap::new(),
            drafts: RefCell::new(Vec::new()),
            built: Built::default(),
        };
        for (at, resource) in plan.resources.iter().enumerate() {
            if !resource.data && !resource.deposed && NAMED.contains(&resource.kind.as_str()) {
                builder.arns.insert(at, builder.derive(resource));
            }
        }
        builder
    }

    /// Everything. What is deleted is built as gone where something may still name it.
    pub(super) fn build(mut self) -> Built {
        self.trails();
        self.stores();
        self.buckets();
        self.keys();
        self.log_groups();
        self.topics();
        self.watchers();
        self.built.drafts = self.drafts.into_inner();
        self.built
    }

    /// The side on which the values of a resource are to be found: those of what is deleted are all before.
    fn side_of(&self, resource: &Resource) -> Side {
        match resource.is_on(self.side) {
            true => self.side,
            false if self.side == Side::After => Side::Before,
            false => Side::After,
        }
    }

    pub(super) fn view(&self, resource: &'a Resource) -> View<'a> {
        resource.view(self.side_of(resource), self.redact)
    }

    pub(super) fn place(&self, resource: &Resource) -> Place {
        self.places.at(self.plan, resource, self.side_of(resource))
    }

    /// The name, or one that says that it is not known.
    pub(super) fn name(&self, resource: &Resource, attribute: &str) -> String {
        let view = resource.view(self.side_of(resource), self.redact);
        match view.attr(attribute).text() {
            Some(name) => name.to_owned(),
            None => format!("plan:{}", resource.address),
        }
    }

    fn derive(&self, resource: &Resource) -> Arn {
        let view = resource.view(self.side_of(resource), self.redact);
        if let Some(arn) = view.attr("arn").text().filter(|it| it.starts_with("arn:")) {
            // The ARN of a log group has had `:*` at its end in some versions of the provider.
            return Arn::from(arn.strip_suffix(":*").unwrap_or(arn));
        }
        let place = self.place(resource);
        let name = |attribute| self.name(resource, attribute);
        let with_path = |kind: &str, attribute| {
            let path = view.attr("path").text().unwrap_or("/");
            place.global("iam", &format!("{kind}{path}{}", name(attribute)))
        };
        match resource.kind.as_str() {
            "aws_cloudtrail" => place.arn("cloudtrail", &format!("trail/{}", name("name"))),
            "aws_s3_bucket" => Arn::bucket(&place.partition, &name("bucket")),
            "aws_cloudwatch_log_group" => place.arn("logs", &format!("log-group:{}", name("name"))),
            "aws_sns_topic" => place.arn("sns", &name("name")),
            "aws_cloudwatch_metric_alarm" => {
                place.arn("cloudwatch", &format!("alarm:{}", name("alarm_name")))
            }
            "aws_kms_alias" => place.arn("kms", &name("name")),
            "aws_iam_role" => with_path("role", "name"),
            "aws_iam_user" => with_path("user", "name"),
            "aws_iam_policy" => with_path("policy", "name"),
            "aws_iam_group" => with_path("group", "name"),
            "aws_cloudtrail_event_data_store" => place.arn(
                "cloudtrail",
                &format!("eventdatastore/plan:{}", resource.address),
            ),
            _ => place.arn("kms", &format!("key/plan:{}", resource.address)),
        }
    }

    /// Records name it by its ARN.
    pub(super) fn is_named(&self, at: usize) -> bool {
        self.arns.contains_key(&at)
    }

    /// A policy, as far as it is known: what is written tells more than a plan, in which a policy is unknown as a whole if
    /// one name in it is.
    pub(super) fn policy(
        &self,
        it: &'a Resource,
        view: View<'a>,
        call: ApiCall,
        named: bool,
        of: DraftOf,
    ) -> Fact<Option<String>> {
        let draft = |text: String, exact| {
            let draft = Draft {
                of: of.clone(),
                text,
                exact,
                named,
            };
            self.drafts.borrow_mut().push(draft);
        };
        let unknown = || Unknown(self.after_apply(it, "policy", call));
        match view.text("policy") {
            Ok(Some(text)) if !named => {
                if !has_mark(&text) {
                    draft(text, true);
                }
                return unknown();
            }
            Ok(other) => return Known(other),
            Err(Unsettled) if view.attr("policy") != Attr::Unknown => return unknown(),
            Err(Unsettled) => {}
        }
        let Some(at) = self.plan.place_of(it) else {
            return unknown();
        };
        match self.written(at, "policy") {
            Some(Val::Text(text)) if named && !has_mark(&text) => return Known(Some(text)),
            Some(Val::Text(text)) => draft(text, true),
            Some(_) => {}
            None if self.side == Side::After && !self.redact => {
                let document = self.referred_document(at, "policy");
                let document = document.map(|at| self.policy_document(at, &mut Work::new()));
                if let Some(Val::Text(text)) = document {
                    draft(text, false);
                }
            }
            None => {}
        }
        unknown()
    }

    /// What an attribute names: by its value, as it is written, or by what it refers to.
    pub(super) fn target(&self, at: usize, attribute: &str, kinds: &[&str], side: Side) -> Target {
        let found = self.plan.target(at, attribute, kinds, side);
        if let Target::Text(_) | Target::Nothing = found {
            return found;
        }
        let Some(Val::Text(text)) = self.written(at, attribute) else {
            return found;
        };
        if has_mark(&text) {
            return found;
        }
        let named = |(at, it): &(usize, &Resource)| {
            kinds.contains(&it.kind.as_str())
                && it.is_on(Side::After)
                && (self.arns.get(at).is_some_and(|arn| arn.as_str() == text)
                    || text.strip_prefix("plan:") == Some(&it.address))
        };
        let mut all = self.plan.resources.iter().enumerate();
        match all.find(named) {
            Some((at, _)) => Target::Resource(at),
            None if text.contains("plan:") => found,
            None => Target::Text(text),
        }
    }

    pub(super) fn arn(&self, at: usize) -> Arn {
        let known = self.arns.get(&at).cloned();
        known.unwrap_or_else(|| Arn::from(super::place::NOT_TOLD))
    }

    /// The ARN of a key, where a resource names one by ARN, id or alias.
    pub(super) fn key_arn(&self, text: &str, place: &Place) -> Arn {
        let alias = text.rsplit_once(":alias/").map(|(_, name)| name);
        let alias = alias.or_else(|| text.strip_prefix("alias/"));
        if let Some(alias) = alias {
            let full = format!("alias/{alias}");
            for (at, resource) in self.plan.of_kind("aws_kms_alias") {
                let of_name = self.view(resource).attr("name").text() == Some(&full);
                if of_name && let Some(key) = self.key_of_alias(at) {
                    return self.arn(key);
                }
            }
        }
        match text {
            _ if text.starts_with("arn:") => Arn::from(text),
            _ if text.starts_with("alias/") => place.arn("kms", text),
            _ => place.arn("kms", &format!("key/{text}")),
        }
    }

    fn key_of_alias(&self, alias: usize) -> Option<usize> {
        match self.plan.target(alias, "target_key_id", &KEYS, self.side) {
            Target::Resource(key) => Some(key),
            Target::Text(id) => self.arns.iter().find_map(|(at, arn)| {
                let resource = self.plan.resources.get(*at)?;
                let is_key =
                    KEYS.contains(&resource.kind.as_str()) && resource.kind != "aws_kms_alias";
                (is_key && arn.as_str().ends_with(&format!("key/{id}"))).then_some(*at)
            }),
            Target::Nothing | Target::Open(_) => None,
        }
    }

    /// Follows an alias to its key.
    pub(super) fn key_behind(&self, at: usize) -> usize {
        let is_alias = self
            .plan
            .resources
            .get(at)
            .is_some_and(|it| it.kind == "aws_kms_alias");
        match is_alias {
            true => self.key_of_alias(at).unwrap_or(at),
            false => at,
        }
    }

    /// What is known only after apply.
    pub(super) fn after_apply(&self, resource: &Resource, attribute: &str, call: ApiCall) -> Gap {
        self.gap(resource, attribute, call, Reason::KnownAfterApply)
    }

    /// What no plan says.
    pub(super) fn not_in_plan(&self, resource: &Resource, call: ApiCall) -> Gap {
        self.gap(resource, "", call, Reason::NotInPlan)
    }

    fn gap(&self, resource: &Resource, attribute: &str, call: ApiCall, reason: Reason) -> Gap {
        let place = self.place(resource);
        Gap::from(Why {
            source: Source::Plan {
                address: resource.address.clone(),
                attribute: attribute.to_owned(),
                answered_by: Some(call),
            },
            account: place.account(),
            region: place.region(),
            reason,
            detail: String::new(),
            request_id: None,
        })
    }

    /// What AWS says of a resource that the plan creates and says nothing of; of one that is there, nobody says it here.
    pub(super) fn default<T>(&self, resource: &Resource, call: ApiCall, value: T) -> Fact<T> {
        match self.is_created(resource) {
            true => Known(value),
            false => Unknown(self.not_in_plan(resource, call)),
        }
    }

    /// What only time tells: of a resource that the plan creates, after apply.
    pub(super) fn in_time<T>(&self, resource: &Resource, call: ApiCall) -> Fact<T> {
        Unknown(match self.is_created(resource) {
            true => self.after_apply(resource, "", call),
            false => self.not_in_plan(resource, call),
        })
    }

    pub(super) fn is_created(&self, resource: &Resource) -> bool {
        self.side == Side::After && resource.is_new()
    }

    /// The attribute is written in the configuration.
    pub(super) fn is_configured(&self, resource: &Resource, attribute: &str) -> bool {
        let declared = self
            .plan
            .config
            .declared(&super::address::path(&resource.modules), &resource.label());
        declared.is_none_or(|it| it.expressions.get(attribute).is_some())
    }

    /// A fact from one attribute: `read` gets none where it is not set.
    pub(super) fn fact<T>(
        &self,
        resource: &'a Resource,
        attribute: &str,
        call: ApiCall,
        read: impl FnOnce(Option<&'a serde_json::Value>) -> Option<T>,
    ) -> Fact<T> {
        let value = match self.view(resource).attr(attribute) {
            Attr::Known(value) => Some(value),
            Attr::Unset => None,
            // The provider makes up what nobody configured: for what is created, that is AWS's default.
            Attr::Unknown
                if self.is_created(resource) && !self.is_configured(resource, attribute) =>
            {
                None
            }
            Attr::Unknown => return Unknown(self.after_apply(resource, attribute, call)),
        };
        match read(value) {
            Some(value) => Known(value),
            None => Unknown(self.after_apply(resource, attribute, call).but(|it| {
                it.detail = "its value has another type than it should have".to_owned();
                it.reason = Reason::Malformed;
            })),
        }
    }

    /// A fact from what must be known together.
    pub(super) fn settled<T>(
        &self,
        resource: &Resource,
        attribute: &str,
        call: ApiCall,
        value: Result<T, Unsettled>,
    ) -> Fact<T> {
        match value {
            Ok(value) => Known(value),
            Err(Unsettled) => Unknown(self.after_apply(resource, attribute, call)),
        }
    }

    /// A fact that names another resource: by the text that is given, or by the resource that is referred to.
    pub(super) fn link<T>(
        &self,
        at: usize,
        attribute: &str,
        kinds: &[&str],
        call: ApiCall,
        read: impl FnOnce(Linked) -> Option<T>,
    ) -> Fact<T> {
        let Some(resource) = self.plan.resources.get(at) else {
            return Fact::default();
        };
        let unknown = || self.after_apply(resource, attribute, call);
        if self.redact
            && self.view(resource).attr(attribute) == Attr::Unknown
            && resource.view(self.side, false).attr(attribute) != Attr::Unknown
        {
            return Unknown(unknown());
        }
        let linked = match self.target(at, attribute, kinds, self.side_of(resource)) {
            Target::Text(text) => Linked::Text(text),
            Target::Nothing => Linked::Nothing,
            Target::Resource(other) => Linked::Resource(other),
            Target::Open(_) => {
                if self.is_created(resource) && !self.is_configured(resource, attribute) {
                    Linked::Nothing
                } else {
                    return Unknown(unknown());
                }
            }
        };
        read(linked).map_or_else(|| Unknown(unknown()), Known)
    }

    /// Notes which resources are behind a record.
    pub(super) fn origin(&mut self, subject: &str, resources: impl IntoIterator<Item = usize>) {
        let known = self.built.origins.entry(subject.to_owned()).or_default();
        for at in resources {
            if !known.contains(&at) {
                known.push(at);
            }
        }
    }

    /// The resources of a kind that belong to others, by the ARN of those; and those of which that cannot be told.
    pub(super) fn joined(
        &self,
        kind: &'a str,
        attribute: &str,
        owners: &[&str],
        arn: &dyn Fn(&str, &Place) -> Arn,
    ) -> Joined {
        let mut joined = Joined::default();
        for (at, resource) in self.plan.of_kind(kind) {
            let side = self.side_of(resource);
            // Created on the other side: it says nothing of this one.
            if !resource.is_on(self.side) && self.side == Side::Before {
                continue;
            }
            match self.target(at, attribute, owners, side) {
                Target::Text(text) => {
                    let arn = arn(&text, &self.place(resource));
                    joined.of.entry(arn).or_default().push(at);
                }
                Target::Resource(owner) => {
                    let owner = self.key_behind(owner);
                    joined.of.entry(self.arn(owner)).or_default().push(at);
                }
                Target::Nothing => {}
                Target::Open(candidates) => {
                    joined.open.push((at, candidates));
                }
            }
        }
        joined
    }
}

/// What an attribute links to.
#[derive(Debug)]
pub(super) enum Linked {
    Text(String),
    Nothing,
    Resource(usize),
}

/// Resources that belong to others.
#[derive(Debug, Default)]
pub(super) struct Joined {
    of: BTreeMap<Arn, Vec<usize>>,
    /// It is not known which one they belong to: one of these, or any where there are none.
    open: Vec<(usize, BTreeSet<usize>)>,
}

impl Joined {
    pub(super) fn of(&self, arn: &Arn) -> &[usize] {
        self.of.get(arn).map_or(&[], Vec::as_slice)
    }

    /// One that may belong to this.
    pub(super) fn open(&self, owner: Option<usize>) -> Option<usize> {
        let may = |candidates: &BTreeSet<usize>| {
            candidates.is_empty() || owner.is_some_and(|it| candidates.contains(&it))
        };
        let mut open = self.open.iter();
        open.find(|(_, candidates)| may(candidates))
            .map(|(at, _)| *at)
    }

    pub(super) fn owners(&self) -> impl Iterator<Item = (&Arn, &Vec<usize>)> {
        self.of.iter()
    }
}
