//! One session per account: the caller's own, or a role assumed once and refreshed when the run outlives it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;
use trailaudit_checks::calls::ASSUME_ROLE;
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::{AccountId, Arn, Region};

use super::ask::{Ask, Read, Target, overrides};
use super::limits::Listing;

/// A chained session lasts an hour; refreshed some minutes before.
const REFRESH: Duration = Duration::from_secs(300);
const SESSION_NAME: &str = "trailaudit";

/// The role that one account is read with.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) arn: Arn,
    pub(crate) external_id: Option<String>,
}

/// Credentials of an assumed role, asked for through [`Ask`], so that they are in the ledger too.
#[derive(Debug)]
struct Assumed {
    ask: Arc<Ask>,
    role: Role,
    target: Target,
    current: RwLock<Option<Credentials>>,
    renewing: Mutex<()>,
}

impl Assumed {
    fn new(
        ask: &Arc<Ask>,
        caller: &Target,
        account: &AccountId,
        region: &Region,
        role: Role,
    ) -> Arc<Self> {
        // The ledger says which account was asked for: the role's.
        let target = Target {
            account: account.clone(),
            ..caller.in_region(region)
        };
        Arc::new(Self {
            ask: Arc::clone(ask),
            role,
            target,
            current: RwLock::default(),
            renewing: Mutex::default(),
        })
    }

    fn target(self: Arc<Self>, account: &AccountId, region: &Region) -> Target {
        Target {
            account: account.clone(),
            region: region.clone(),
            credentials: SharedCredentialsProvider::new(Provider(self)),
        }
    }

    fn current(&self) -> Option<Credentials> {
        let current = self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()?;
        let fresh = current
            .expiry()
            .is_none_or(|at| at > SystemTime::now() + REFRESH);
        fresh.then_some(current)
    }

    async fn credentials(&self) -> Fact<Credentials> {
        if let Some(current) = self.current() {
            return Known(current);
        }
        let _renewing = self.renewing.lock().await;
        // Somebody else may have renewed it while this waited.
        if let Some(current) = self.current() {
            return Known(current);
        }
        let renewed = self.assume().await;
        if let Known(credentials) = &renewed {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Some(credentials.clone());
        }
        renewed
    }

    async fn assume(&self) -> Fact<Credentials> {
        let target = &self.target;
        let request = self
            .ask
            .clients
            .sts
            .assume_role()
            .role_arn(self.role.arn.as_str())
            .role_session_name(SESSION_NAME)
            .set_external_id(self.role.external_id.clone());
        let answer = self
            .ask
            .unbounded(
                target,
                ASSUME_ROLE,
                self.role.arn.as_str(),
                &[],
                &mut Listing::new(ASSUME_ROLE),
                |meter| {
                    request
                        .customize()
                        .interceptor(meter)
                        .config_override(overrides!(aws_sdk_sts, target, ASSUME_ROLE))
                        .send()
                },
            )
            .await;
        answer.read((target, ASSUME_ROLE), |out| {
            let given = out.credentials?;
            let expiry = SystemTime::try_from(given.expiration).ok();
            Some(Credentials::new(
                given.access_key_id,
                given.secret_access_key,
                Some(given.session_token),
                expiry,
                "AssumeRole",
            ))
        })
    }
}

/// What the SDK is given: it asks for credentials whenever it signs.
#[derive(Debug, Clone)]
struct Provider(Arc<Assumed>);

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            match self.0.credentials().await {
                Known(credentials) => Ok(credentials),
                Unknown(gap) => Err(CredentialsError::provider_error(gap.to_string())),
            }
        })
    }
}

/// Assumes the role, now; the session's ARN, and the target that acts with it.
pub(crate) async fn assume(
    ask: &Arc<Ask>,
    caller: &Target,
    account: &AccountId,
    region: &Region,
    role: Role,
) -> Fact<(Arn, Target)> {
    let session = Arn::from(
        role.arn
            .as_str()
            .replacen(":iam:", ":sts:", 1)
            .replacen(":role/", ":assumed-role/", 1)
            + "/"
            + SESSION_NAME,
    );
    let assumed = Assumed::new(ask, caller, account, region, role);
    let entered = assumed.credentials().await;
    entered.map(|_| (session, assumed.target(account, region)))
}

/// A target that acts with the role, and assumes it when it is asked something for the first time.
pub(crate) fn of(
    ask: &Arc<Ask>,
    caller: &Target,
    account: &AccountId,
    region: &Region,
    role: Role,
) -> Target {
    Assumed::new(ask, caller, account, region, role).target(account, region)
}
