using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

/// <summary>Requests, users and objects of priority and fairness, in short.</summary>
internal static class FlowTexts
{
    public static readonly UserIdentity Jane = User("jane");

    public static UserIdentity User(string name, params string[] groups) => new()
    {
        Name = name, Groups = [.. groups, "system:authenticated"],
    };

    public static UserIdentity Account(string space, string name) => User(
        $"system:serviceaccount:{space}:{name}", "system:serviceaccounts", $"system:serviceaccounts:{space}");

    public static UserIdentity Node(string name) => User($"system:node:{name}", "system:nodes");

    /// <summary>"GET /api/v1/pods", or with "WATCH" a watch.</summary>
    public static RequestInfo Request(string text)
    {
        var (method, path) = text.Split(' ') is [var m, var p] ? (m, p) : throw new ArgumentException(text);
        return RequestInfoReader.Read(method == "WATCH" ? "GET" : method, path, method == "WATCH").Required;
    }

    public static V1PriorityLevelConfiguration Level(
        string name, int shares, int queues = 0, int hand = 1, int length = 10, int? lendable = null,
        int? borrowing = null) => new()
        {
            Metadata = new V1ObjectMeta { Name = name, Uid = $"level-{name}" },
            Spec = new V1PriorityLevelConfigurationSpec
            {
                Type = "Limited",
                Limited = new V1LimitedPriorityLevelConfiguration
                {
                    NominalConcurrencyShares = shares, LendablePercent = lendable, BorrowingLimitPercent = borrowing,
                    LimitResponse = queues == 0
                        ? new V1LimitResponse { Type = "Reject" }
                        : new V1LimitResponse
                        {
                            Type = "Queue",
                            Queuing = new V1QueuingConfiguration
                            {
                                Queues = queues, HandSize = hand, QueueLengthLimit = length,
                            },
                        },
                },
            },
        };

    public static V1FlowSchema Schema(
        string name, string level, int precedence, params V1PolicyRulesWithSubjects[] rules) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Uid = $"schema-{name}" },
        Spec = new V1FlowSchemaSpec
        {
            PriorityLevelConfiguration = new V1PriorityLevelConfigurationReference { Name = level },
            MatchingPrecedence = precedence,
            DistinguisherMethod = new V1FlowDistinguisherMethod { Type = "ByUser" },
            Rules = rules,
        },
    };

    public static V1PolicyRulesWithSubjects Everything(Flowcontrolv1Subject subject) => new()
    {
        Subjects = [subject],
        ResourceRules =
        [
            new V1ResourcePolicyRule
            {
                Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"], Namespaces = ["*"], ClusterScope = true,
            },
        ],
        NonResourceRules = [new V1NonResourcePolicyRule { Verbs = ["*"], NonResourceURLs = ["*"] }],
    };

    public static Flowcontrolv1Subject OfUser(string name) =>
        new() { Kind = "User", User = new V1UserSubject { Name = name } };

    public static Flowcontrolv1Subject OfGroup(string name) =>
        new() { Kind = "Group", Group = new V1GroupSubject { Name = name } };

    public static Flowcontrolv1Subject OfAccount(string space, string name) => new()
    {
        Kind = "ServiceAccount",
        ServiceAccount = new V1ServiceAccountSubject { Name = name, NamespaceProperty = space },
    };
}
