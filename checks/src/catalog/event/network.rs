//! Key events: the network.

use super::{Entry, Event};
use crate::events::key::{Grade, Of, When};
use crate::finding::Severity;

pub(super) static ENTRIES: &[Entry] = &[
    Event {
        id: "event-security-group-opened",
        title: "Security groups should not be opened unexpectedly",
        severity: Severity::Medium,
        why: "A rule for all addresses makes an instance reachable from the internet.",
        fix: "Remove the rule with RevokeSecurityGroupIngress unless the service is meant to be public.",
        judged: "Fails for each resource or actor of a verified record of `CreateSecurityGroup, AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupEgress, ModifySecurityGroupRules, RevokeSecurityGroupIngress, RevokeSecurityGroupEgress, DeleteSecurityGroup`.",
        references: &["https://attack.mitre.org/techniques/T1562/007/"],
        attack: &["T1562.007"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "CreateSecurityGroup",
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
            "ModifySecurityGroupRules",
            "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
            "DeleteSecurityGroup",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            ("groupId", "arn:{p}:ec2:{r}:{a}:security-group/{v}"),
            (
                "ModifySecurityGroupRulesRequest.GroupId",
                "arn:{p}:ec2:{r}:{a}:security-group/{v}",
            ),
            ("response.groupId", "arn:{p}:ec2:{r}:{a}:security-group/{v}"),
            ("groupName", "{v}"),
        ]),
        grade: Grade::SecurityGroup,
    }
    .entry(),
    Event {
        id: "event-network-acl-changed",
        title: "Network ACLs should not be changed unexpectedly",
        severity: Severity::Medium,
        why: "A changed network ACL can admit traffic to a whole subnet.",
        fix: "Compare the entries of the network ACL with the intended ones, and replace what differs.",
        judged: "Fails for each resource or actor of a verified record of `CreateNetworkAcl, CreateNetworkAclEntry, ReplaceNetworkAclEntry, DeleteNetworkAcl, DeleteNetworkAclEntry, ReplaceNetworkAclAssociation`.",
        references: &["https://attack.mitre.org/techniques/T1562/007/"],
        attack: &["T1562.007"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "ReplaceNetworkAclEntry",
            "DeleteNetworkAcl",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            ("networkAclId", "arn:{p}:ec2:{r}:{a}:network-acl/{v}"),
            (
                "response.networkAcl.networkAclId",
                "arn:{p}:ec2:{r}:{a}:network-acl/{v}",
            ),
            ("associationId", "{v}"),
        ]),
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-route-changed",
        title: "Routes should not be changed unexpectedly",
        severity: Severity::Medium,
        why: "A changed route can lead traffic through a machine of an attacker, or around a firewall.",
        fix: "Compare the routes of the table with the intended ones, and replace what differs.",
        judged: "Fails for each resource or actor of a verified record of `CreateRoute, ReplaceRoute, DeleteRoute, CreateRouteTable, DeleteRouteTable, AssociateRouteTable, ReplaceRouteTableAssociation, DisassociateRouteTable`.",
        references: &[
            "https://attack.mitre.org/techniques/T1557/",
            "https://attack.mitre.org/techniques/T1562/007/",
        ],
        attack: &["T1557", "T1562.007"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "CreateRoute",
            "ReplaceRoute",
            "DeleteRoute",
            "CreateRouteTable",
            "DeleteRouteTable",
            "AssociateRouteTable",
            "ReplaceRouteTableAssociation",
            "DisassociateRouteTable",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            ("routeTableId", "arn:{p}:ec2:{r}:{a}:route-table/{v}"),
            (
                "response.routeTable.routeTableId",
                "arn:{p}:ec2:{r}:{a}:route-table/{v}",
            ),
            ("associationId", "{v}"),
        ]),
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-gateway-changed",
        title: "Gateways should not be changed unexpectedly",
        severity: Severity::Medium,
        why: "An internet, NAT, transit or VPN gateway connects the network to the outside.",
        fix: "Confirm the gateway with the owner of the network, and detach one that was not ordered.",
        judged: "Fails for each resource or actor of a verified record of `CreateInternetGateway, AttachInternetGateway, DetachInternetGateway, DeleteInternetGateway, CreateNatGateway, CreateVpnConnection, CreateTransitGatewayVpcAttachment, CreateCustomerGateway`.",
        references: &["https://attack.mitre.org/techniques/T1133/"],
        attack: &["T1133"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "CreateInternetGateway",
            "AttachInternetGateway",
            "DetachInternetGateway",
            "DeleteInternetGateway",
            "CreateNatGateway",
            "CreateVpnConnection",
            "CreateTransitGatewayVpcAttachment",
            "CreateCustomerGateway",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            (
                "internetGatewayId",
                "arn:{p}:ec2:{r}:{a}:internet-gateway/{v}",
            ),
            (
                "response.internetGateway.internetGatewayId",
                "arn:{p}:ec2:{r}:{a}:internet-gateway/{v}",
            ),
            ("vpcId", "arn:{p}:ec2:{r}:{a}:vpc/{v}"),
            ("subnetId", "arn:{p}:ec2:{r}:{a}:subnet/{v}"),
        ]),
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-vpc-changed",
        title: "VPCs, peerings and endpoints should not be changed unexpectedly",
        severity: Severity::Low,
        why: "Peerings and endpoints open paths between networks that were separate.",
        fix: "Confirm the change with the owner of the network, and delete peerings and endpoints that were not ordered.",
        judged: "Fails for each resource or actor of a verified record of `CreateVpc, DeleteVpc, ModifyVpcAttribute, CreateVpcPeeringConnection, AcceptVpcPeeringConnection, DeleteVpcPeeringConnection, CreateVpcEndpoint, ModifyVpcEndpoint, DeleteVpcEndpoints, EnableVpcClassicLink`.",
        references: &["https://attack.mitre.org/techniques/T1562/007/"],
        attack: &["T1562.007"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "CreateVpc",
            "DeleteVpc",
            "ModifyVpcAttribute",
            "CreateVpcPeeringConnection",
            "AcceptVpcPeeringConnection",
            "DeleteVpcPeeringConnection",
            "CreateVpcEndpoint",
            "ModifyVpcEndpoint",
            "DeleteVpcEndpoints",
            "EnableVpcClassicLink",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            ("vpcId", "arn:{p}:ec2:{r}:{a}:vpc/{v}"),
            (
                "vpcPeeringConnectionId",
                "arn:{p}:ec2:{r}:{a}:vpc-peering-connection/{v}",
            ),
            ("response.vpc.vpcId", "arn:{p}:ec2:{r}:{a}:vpc/{v}"),
            (
                "ModifyVpcEndpointRequest.VpcEndpointId",
                "arn:{p}:ec2:{r}:{a}:vpc-endpoint/{v}",
            ),
        ]),
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-traffic-mirrored",
        title: "Traffic should not be mirrored unexpectedly",
        severity: Severity::High,
        why: "A mirror session copies the packets of an instance to another machine, also those with secrets.",
        fix: "Delete the session, target or filter with DeleteTrafficMirrorSession unless a known sensor uses it.",
        judged: "Fails for each resource or actor of a verified record of `CreateTrafficMirrorSession, CreateTrafficMirrorTarget, CreateTrafficMirrorFilter, CreateTrafficMirrorFilterRule`.",
        references: &["https://attack.mitre.org/techniques/T1040/"],
        attack: &["T1040"],
        sources: &["ec2.amazonaws.com"],
        names: &[
            "CreateTrafficMirrorSession",
            "CreateTrafficMirrorTarget",
            "CreateTrafficMirrorFilter",
            "CreateTrafficMirrorFilterRule",
        ],
        failures: false,
        when: When::Each(""),
        subject: Of::Named(&[
            (
                "CreateTrafficMirrorSessionRequest.NetworkInterfaceId",
                "arn:{p}:ec2:{r}:{a}:network-interface/{v}",
            ),
            (
                "CreateTrafficMirrorTargetRequest.NetworkInterfaceId",
                "arn:{p}:ec2:{r}:{a}:network-interface/{v}",
            ),
            (
                "CreateTrafficMirrorFilterRuleRequest.TrafficMirrorFilterId",
                "{v}",
            ),
        ]),
        grade: Grade::Same,
    }
    .entry(),
];
