//! S3 access control lists as grants.

use super::principal::{CallerKind, Grant};
use super::request::{AclGrant, AclGrantee, AclPermission, Request};

/// What an entry gives the caller of a request, if it is about this action at all.
pub(super) fn grant(entry: &AclGrant, request: &Request) -> Option<Grant> {
    if !covers(entry, &request.action) {
        return None;
    }
    let caller = &request.caller;
    match &entry.grantee {
        AclGrantee::AllUsers => Some(Grant::Everyone),
        AclGrantee::AuthenticatedUsers => {
            (caller.kind != CallerKind::Anonymous).then_some(Grant::Everyone)
        }
        AclGrantee::CanonicalUser(id) => {
            (caller.canonical_user.as_ref() == Some(id)).then_some(Grant::Account)
        }
    }
}

/// AWS's table "Mapping of ACL permissions and access policy permissions", Amazon S3 User Guide.
fn covers(entry: &AclGrant, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let action = action.strip_prefix("s3:").unwrap_or_default();
    let (read, write, read_acp, write_acp): (&[&str], &[&str], &[&str], &[&str]) =
        if entry.on_object {
            (
                &["getobject", "getobjectversion"],
                &[],
                &["getobjectacl", "getobjectversionacl"],
                &["putobjectacl", "putobjectversionacl"],
            )
        } else {
            (
                &[
                    "listbucket",
                    "listbucketversions",
                    "listbucketmultipartuploads",
                ],
                &["putobject", "deleteobject"],
                &["getbucketacl"],
                &["putbucketacl"],
            )
        };
    match entry.permission {
        AclPermission::Read => read.contains(&action),
        AclPermission::Write => write.contains(&action),
        AclPermission::ReadAcp => read_acp.contains(&action),
        AclPermission::WriteAcp => write_acp.contains(&action),
        AclPermission::FullControl => [read, write, read_acp, write_acp]
            .iter()
            .any(|list| list.contains(&action)),
    }
}
