//! What is kept of a principal until all accounts were read: the parts of its policies that bear on assuming roles.

use super::super::answer::Answer;
use super::super::environment::Environment;
use super::super::evaluate::{Evaluator, Own, sessions};
use super::super::graph::NodeId;
use super::super::identity_policies::session_of;
use super::super::indexed_document::Indexed;
use super::{ASSUME, TrustingRole};
use crate::fact::Gap;
use crate::ids::{AccountId, Arn};
use crate::policy::{Caller, CallerKind, Document, Policy};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Somebody who may assume roles elsewhere. They are kept until all accounts are read, and there are many: only what
/// cannot be found again is held.
pub(super) struct Assumer {
    pub(super) node: NodeId,
    pub(super) kind: CallerKind,
    /// Its ARN; of a role that nobody has made yet, that of its session.
    pub(super) arn: Box<str>,
    pub(super) made: bool,
    pub(super) own: Own,
    pub(super) identity: Box<[Named]>,
    pub(super) boundary: Option<Box<Named>>,
}

/// A policy by its name.
pub(super) type Named = (Box<str>, Kept);

/// A document, or why it cannot be read.
pub(super) type Kept = Result<Arc<Indexed>, Gap>;

/// A document that is held once, however many principals of however many accounts have it.
pub(super) struct Part(Arc<Indexed>);

impl Borrow<Document> for Part {
    fn borrow(&self) -> &Document {
        &self.0.document
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.0.document == other.0.document
    }
}

impl Eq for Part {}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.document.cmp(&other.0.document)
    }
}

/// The document as it is held.
pub(super) fn held(kept: &mut BTreeSet<Part>, document: Document) -> Arc<Indexed> {
    if let Some(Part(held)) = kept.get(&document) {
        return held.clone();
    }
    let held = Arc::new(Indexed::new(document));
    kept.insert(Part(held.clone()));
    held
}

impl Assumer {
    fn caller(&self, account: &AccountId) -> Caller {
        if self.made && self.kind == CallerKind::AssumedRole {
            session_of(&Arn::from(&*self.arn), account)
        } else {
            Caller::new(self.kind, &self.arn, account.as_str())
        }
    }

    pub(super) fn ask(
        &self,
        account: &AccountId,
        (door, trust): (&TrustingRole, &Document),
        environment: &Environment<'_>,
    ) -> Answer {
        let own = self.caller(account);
        let mut callers = vec![own.clone()];
        for session in sessions(trust, &own) {
            let mut caller = own.clone();
            caller.id = session;
            callers.push(caller);
        }
        let named = |caller: &Caller| {
            let mut named = trust.allows().filter_map(|it| it.principals.as_ref());
            named.any(|it| it.grant(caller).is_some())
        };
        callers.retain(named);
        let mut best = Answer::denied();
        if callers.is_empty() {
            return best;
        }
        let mut evaluator = Evaluator::new(own, environment);
        evaluator.has(self.own.clone());
        for (name, read) in &self.identity {
            evaluator.holds(name, read.as_deref().map_err(Clone::clone));
        }
        let boundary = self.boundary.as_deref();
        evaluator.boundary = boundary.map(|(name, read)| match read {
            Ok(indexed) => Policy::new(name, &indexed.document),
            Err(gap) => Policy::missing(name, gap.clone()),
        });
        for caller in callers {
            let question = door.question(ASSUME, trust).from(caller);
            best = best.or(evaluator.ask(environment, question));
        }
        best
    }
}

/// The statements that bear on assuming roles. Each keeps its place as its name.
pub(super) fn part(document: &Document) -> Option<Document> {
    let mut statements = Vec::new();
    for (index, statement) in document.statements.iter().enumerate() {
        if statement.actions.matches(ASSUME) {
            let mut statement = statement.clone();
            if statement.sid.as_deref().is_none_or(str::is_empty) && index > 0 {
                statement.sid = Some(format!("the document's statement {}", index + 1));
            }
            statements.push(statement);
        }
    }
    (!statements.is_empty()).then_some(Document {
        version: document.version,
        id: None,
        statements,
    })
}
