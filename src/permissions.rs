//! The permissions that a scan needs, from the table of calls: nothing that no check reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;
use trailaudit_checks::calls;

use crate::cli::PermissionsFormat;
use crate::selection::Selection;

/// In this form.
pub fn render(
    selection: &Selection,
    format: PermissionsFormat,
    role: &str,
) -> anyhow::Result<String> {
    let role: String = role.chars().filter(|c| is_role_character(*c)).collect();
    let member = member_actions(selection);
    match format {
        PermissionsFormat::Json => policy(&member, &organization_actions(selection), &role),
        PermissionsFormat::Cloudformation => Ok(cloudformation(&member, &role)),
        PermissionsFormat::Terraform => Ok(terraform(&member, &role)),
    }
}

fn is_role_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+=,.@-_".contains(c)
}

/// What the role in each account may do.
fn member_actions(selection: &Selection) -> BTreeSet<&'static str> {
    let calls = calls::with_prerequisites(&selection.needed().calls).into_iter();
    calls
        .filter(|call| !matches!(call.service, "sts" | "organizations"))
        .map(|call| call.action)
        .collect()
}

/// What the organization's own account is asked: its tree (for `--ou`), and what the checks read of it.
fn organization_actions(selection: &Selection) -> BTreeSet<&'static str> {
    let mut needed = selection.needed().calls;
    needed.insert(calls::LIST_ROOTS);
    calls::with_prerequisites(&needed)
        .into_iter()
        .filter(|call| call.service == "organizations")
        .map(|call| call.action)
        .collect()
}

/// For whoever runs trailaudit: the same reads, the organization, and the role in the other accounts.
fn policy(
    member: &BTreeSet<&str>,
    organization: &BTreeSet<&str>,
    role: &str,
) -> anyhow::Result<String> {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Sid": "Read", "Effect": "Allow", "Action": member, "Resource": "*" },
            { "Sid": "Organization", "Effect": "Allow", "Action": organization, "Resource": "*" },
            {
                "Sid": "OtherAccounts", "Effect": "Allow", "Action": "sts:AssumeRole",
                "Resource": format!("arn:*:iam::*:role/{role}"),
            },
        ],
    });
    Ok(serde_json::to_string_pretty(&policy)? + "\n")
}

fn cloudformation(member: &BTreeSet<&str>, role: &str) -> String {
    let mut out = format!(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Description: A role by which trailaudit reads how CloudTrail is set up. It can change nothing.
Parameters:
  TrustedPrincipalArn:
    Type: String
    Description: Who may assume the role, such as arn:aws:iam::111111111111:role/auditor
  ExternalId:
    Type: String
    Default: ""
    Description: External id to ask for; empty for none
  RoleName:
    Type: String
    Default: "{role}"
Conditions:
  HasExternalId: !Not [!Equals [!Ref ExternalId, ""]]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Ref TrustedPrincipalArn
            Action: sts:AssumeRole
            Condition: !If
              - HasExternalId
              - StringEquals:
                  sts:ExternalId: !Ref ExternalId
              - !Ref AWS::NoValue
      Policies:
        - PolicyName: trailaudit-read
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action:
"#
    );
    for action in member {
        let _ = writeln!(out, "                  - {action}");
    }
    out.push_str(
        "                Resource: \"*\"\nOutputs:\n  RoleArn:\n    Value: !GetAtt Role.Arn\n",
    );
    out
}

fn terraform(member: &BTreeSet<&str>, role: &str) -> String {
    let mut actions = String::new();
    for action in member {
        let _ = writeln!(actions, "      \"{action}\",");
    }
    format!(
        r#"# A role by which trailaudit reads how CloudTrail is set up. It can change nothing.
variable "trusted_principal_arn" {{
  type        = string
  description = "Who may assume the role, such as arn:aws:iam::111111111111:role/auditor"
}}

variable "external_id" {{
  type        = string
  default     = null
  description = "External id to ask for; null for none"
}}

data "aws_iam_policy_document" "trailaudit_trust" {{
  statement {{
    actions = ["sts:AssumeRole"]

    principals {{
      type        = "AWS"
      identifiers = [var.trusted_principal_arn]
    }}

    dynamic "condition" {{
      for_each = var.external_id == null ? [] : [var.external_id]

      content {{
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }}
    }}
  }}
}}

data "aws_iam_policy_document" "trailaudit_read" {{
  statement {{
    actions = [
{actions}    ]
    resources = ["*"]
  }}
}}

resource "aws_iam_role" "trailaudit" {{
  name               = "{role}"
  assume_role_policy = data.aws_iam_policy_document.trailaudit_trust.json
}}

resource "aws_iam_role_policy" "trailaudit" {{
  name   = "trailaudit-read"
  role   = aws_iam_role.trailaudit.id
  policy = data.aws_iam_policy_document.trailaudit_read.json
}}

output "trailaudit_role_arn" {{
  value = aws_iam_role.trailaudit.arn
}}
"#
    )
}
