//! Key events: machines and functions.

use super::{Entry, Event};
use crate::events::key::{Grade, Of, When};
use crate::finding::Severity;

pub(super) static ENTRIES: &[Entry] = &[
    Event {
        id: "event-instances-started",
        title: "Started instances should be expected",
        severity: Severity::Info,
        why: "Stolen credentials are often used to start instances for mining, in regions and sizes that nobody uses.",
        fix: "Determine who started the instance with `trailaudit events ask who-started`, and terminate one that was not ordered.",
        judged: "Fails for each resource or actor of a verified record of `RunInstances, StartInstances, RequestSpotInstances, CreateFleet, RequestSpotFleet`.",
        references: &[
            "https://attack.mitre.org/techniques/T1496/",
            "https://attack.mitre.org/techniques/T1578/002/",
        ],
        attack: &["T1496", "T1578.002"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "RunInstances",
            "StartInstances",
            "RequestSpotInstances",
            "CreateFleet",
            "RequestSpotFleet",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-instance-entered",
        title: "Instances should not be entered unexpectedly",
        severity: Severity::Medium,
        why: "Session Manager, Run Command, instance connect and serial consoles give a shell, and key pairs and password data prepare one.",
        fix: "Confirm the session with the principal. Otherwise isolate the instance and review the session log.",
        judged: "Fails for each resource or actor of a verified record of `StartSession, SendCommand, SendSSHPublicKey, SendSerialConsoleSSHPublicKey, EnableSerialConsoleAccess, GetPasswordData, ImportKeyPair, CreateKeyPair`.",
        references: &[
            "https://attack.mitre.org/techniques/T1021/004/",
            "https://attack.mitre.org/techniques/T1651/",
            "https://attack.mitre.org/techniques/T1552/005/",
        ],
        attack: &["T1021.004", "T1651", "T1552.005"],
        sources: &[
            "ssm.amazonaws.com",
            "ec2-instance-connect.amazonaws.com",
            "ec2.amazonaws.com",
        ],
        names: &[
            "StartSession",
            "SendCommand",
            "SendSSHPublicKey",
            "SendSerialConsoleSSHPublicKey",
            "EnableSerialConsoleAccess",
            "GetPasswordData",
            "ImportKeyPair",
            "CreateKeyPair",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            ("instanceId", "arn:{p}:ec2:{r}:{a}:instance/{v}"),
            ("target", "arn:{p}:ec2:{r}:{a}:instance/{v}"),
            ("instanceIds", "arn:{p}:ec2:{r}:{a}:instance/{v}"),
            ("keyName", "arn:{p}:ec2:{r}:{a}:key-pair/{v}"),
        ]),
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-startup-script-changed",
        title: "Startup scripts, metadata options and profiles of instances should not be changed unexpectedly",
        severity: Severity::High,
        why: "User data runs at the next start, and another instance profile gives its programs a stronger role.",
        fix: "Read the user data of the instance, restore its profile, and require IMDSv2.",
        judged: "Fails for each resource or actor of a verified record of `ModifyInstanceAttribute, ModifyInstanceMetadataOptions, AssociateIamInstanceProfile, ReplaceIamInstanceProfileAssociation` for which `name != ModifyInstanceAttribute or requestParameters.userData exists` holds.",
        references: &[
            "https://attack.mitre.org/techniques/T1059/",
            "https://attack.mitre.org/techniques/T1552/005/",
        ],
        attack: &["T1059", "T1552.005"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "ModifyInstanceAttribute",
            "ModifyInstanceMetadataOptions",
            "AssociateIamInstanceProfile",
            "ReplaceIamInstanceProfileAssociation",
        ],
        failures: false,
        when: When::Each(
            "name != ModifyInstanceAttribute or requestParameters.userData exists",
        ),
        subject: Of::Named(&[
            ("instanceId", "arn:{p}:ec2:{r}:{a}:instance/{v}"),
            (
                "ModifyInstanceMetadataOptionsRequest.InstanceId",
                "arn:{p}:ec2:{r}:{a}:instance/{v}",
            ),
            (
                "AssociateIamInstanceProfileRequest.InstanceId",
                "arn:{p}:ec2:{r}:{a}:instance/{v}",
            ),
            (
                "ReplaceIamInstanceProfileAssociationRequest.AssociationId",
                "{v}",
            ),
        ]),
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-image-or-snapshot-shared",
        title: "Images and snapshots should not be shared or exported unexpectedly",
        severity: Severity::High,
        why: "A shared image or snapshot takes the data of a whole disk or database out of the account.",
        fix: "Remove the permission from the image or snapshot, and block public sharing for the account and region.",
        judged: "Fails for each resource or actor of a verified record of `ModifyImageAttribute, ModifySnapshotAttribute, ModifyDBSnapshotAttribute, ModifyDBClusterSnapshotAttribute, CreateInstanceExportTask, ExportImage, StartExportTask` for which `requestParameters.launchPermission.add exists or requestParameters.createVolumePermission.add exists or requestParameters.valuesToAdd exists or name in (CreateInstanceExportTask, ExportImage, StartExportTask) or denied` holds.",
        references: &["https://attack.mitre.org/techniques/T1537/"],
        attack: &["T1537"],
        sources: &["ec2.amazonaws.com", "rds.amazonaws.com"],
        names: &[
            "ModifyImageAttribute",
            "ModifySnapshotAttribute",
            "ModifyDBSnapshotAttribute",
            "ModifyDBClusterSnapshotAttribute",
            "CreateInstanceExportTask",
            "ExportImage",
            "StartExportTask",
        ],
        failures: false,
        when: When::Each(
            "requestParameters.launchPermission.add exists or requestParameters.createVolumePermission.add exists or requestParameters.valuesToAdd exists or name in (CreateInstanceExportTask, ExportImage, StartExportTask) or denied",
        ),
        subject: Of::Named(&[
            ("imageId", "arn:{p}:ec2:{r}:{a}:image/{v}"),
            ("snapshotId", "arn:{p}:ec2:{r}:{a}:snapshot/{v}"),
            ("dBSnapshotIdentifier", "arn:{p}:rds:{r}:{a}:snapshot:{v}"),
            (
                "dBClusterSnapshotIdentifier",
                "arn:{p}:rds:{r}:{a}:cluster-snapshot:{v}",
            ),
            ("instanceId", "arn:{p}:ec2:{r}:{a}:instance/{v}"),
            (
                "ExportImageRequest.ImageId",
                "arn:{p}:ec2:{r}:{a}:image/{v}",
            ),
            ("sourceArn", "{v}"),
        ]),
        grade: Grade::Shared,
    }
    .entry(),
    Event {
        id: "event-function-changed",
        title: "Lambda functions should not be changed unexpectedly",
        severity: Severity::Medium,
        why: "A function runs its code as a role. Other code, layers, URLs or permissions let an attacker use that role.",
        fix: "Compare the code and the policy of the function with the deployed version, and deploy it again.",
        judged: "Fails for each resource or actor of a verified record of `UpdateFunctionCode, UpdateFunctionConfiguration, AddPermission, CreateFunction, CreateFunctionUrlConfig, AddLayerVersionPermission, CreateEventSourceMapping`.",
        references: &[
            "https://attack.mitre.org/techniques/T1648/",
            "https://attack.mitre.org/techniques/T1098/",
        ],
        attack: &["T1648", "T1098"],
        sources: &["lambda.amazonaws.com"],
        names: &[
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "AddPermission",
            "CreateFunction",
            "CreateFunctionUrlConfig",
            "AddLayerVersionPermission",
            "CreateEventSourceMapping",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            ("functionName", "arn:{p}:lambda:{r}:{a}:function:{v}"),
            (
                "fullyQualifiedArn.relativeId.functionName",
                "arn:{p}:lambda:{r}:{a}:function:{v}",
            ),
            ("layerName", "arn:{p}:lambda:{r}:{a}:layer:{v}"),
        ]),
        grade: Grade::Function,
    }
    .entry(),
    Event {
        id: "event-role-credentials-off-instance",
        title: "Credentials of instances should be used on their instance",
        severity: Severity::High,
        why: "Credentials of an instance role that are used from another address were probably stolen from the metadata service.",
        fix: "Revoke the active sessions of the role, isolate the instance, and require IMDSv2.",
        judged: "Fails for each instance role of a session whose public address is not the first that the session used. Private addresses are those of VPC endpoints and do not count.",
        references: &[
            "https://attack.mitre.org/techniques/T1552/005/",
            "https://attack.mitre.org/techniques/T1078/004/",
        ],
        attack: &["T1552.005", "T1078.004"],
        sources: &[],
        names: &[],
        failures: false,
        when: When::OffInstance,
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
];
