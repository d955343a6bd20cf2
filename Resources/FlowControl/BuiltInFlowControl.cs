using k8s.Models;

namespace OrleansOrchestrator.Resources.FlowControl;

/// <summary>
/// The priority levels and flow schemas that every API server makes on its own (upstream's
/// <c>apiserver/pkg/apis/flowcontrol/bootstrap</c>). Those of the mandatory ones are always as here; the suggested ones
/// are kept as here until an administrator takes them over.
/// </summary>
public static class BuiltInFlowControl
{
    /// <summary>Says that the server may set the specification back to what it is here.</summary>
    public const string AutoUpdateAnnotation = "apf.kubernetes.io/autoupdate-spec";

    private const string Masters = "system:masters";
    private const string Nodes = "system:nodes";
    private const string Unauthenticated = "system:unauthenticated";
    private const string Authenticated = "system:authenticated";
    private const string ControllerManager = "system:kube-controller-manager";
    private const string Scheduler = "system:kube-scheduler";
    private const string ByUser = "ByUser";
    private const string ByNamespace = "ByNamespace";

    private static readonly V1ResourcePolicyRule AllResources = Resources(
        ["*"], ["*"], ["*"], ["*"], clusterScope: true);

    private static readonly V1ResourcePolicyRule Leases =
        Resources(["get", "create", "update"], ["coordination.k8s.io"], ["leases"], ["*"], clusterScope: false);

    private static readonly V1NonResourcePolicyRule AllUrls = new() { Verbs = ["*"], NonResourceURLs = ["*"] };

    /// <summary>All levels.</summary>
    public static IReadOnlyList<V1PriorityLevelConfiguration> PriorityLevels { get; } =
    [
        new()
        {
            Metadata = Metadata("exempt"),
            Spec = new V1PriorityLevelConfigurationSpec
            {
                Type = "Exempt",
                Exempt = new V1ExemptPriorityLevelConfiguration { NominalConcurrencyShares = 0, LendablePercent = 0 },
            },
        },
        Limited("catch-all", shares: 5, lendable: 0, queuing: null),
        Limited("system", shares: 30, lendable: 33, Queues(64, hand: 6)),
        Limited("node-high", shares: 40, lendable: 25, Queues(64, hand: 6)),
        Limited("leader-election", shares: 10, lendable: 0, Queues(16, hand: 4)),
        Limited("workload-high", shares: 40, lendable: 50, Queues(128, hand: 6)),
        Limited("workload-low", shares: 100, lendable: 90, Queues(128, hand: 6)),
        Limited("global-default", shares: 20, lendable: 50, Queues(128, hand: 6)),
    ];

    /// <summary>All schemas.</summary>
    public static IReadOnlyList<V1FlowSchema> FlowSchemas { get; } =
    [
        Schema("exempt", "exempt", 1, null, Rule([Group(Masters)], [AllResources], [AllUrls])),
        Schema(
            "catch-all", "catch-all", 10000, ByUser,
            Rule([Group(Unauthenticated), Group(Authenticated)], [AllResources], [AllUrls])),
        Schema("system-nodes", "system", 500, ByUser, Rule([Group(Nodes)], [AllResources], [AllUrls])),
        Schema(
            "system-node-high", "node-high", 400, ByUser,
            Rule(
                [Group(Nodes)],
                [
                    Resources(["*"], [""], ["nodes", "nodes/status"], ["*"], clusterScope: true),
                    Resources(["*"], ["coordination.k8s.io"], ["leases"], ["*"], clusterScope: false),
                ])),
        Schema(
            "probes", "exempt", 2, null,
            Rule(
                [Group(Unauthenticated), Group(Authenticated)],
                [],
                [new V1NonResourcePolicyRule
                {
                    Verbs = ["get"], NonResourceURLs = ["/healthz", "/readyz", "/livez"],
                }])),
        Schema(
            "system-leader-election", "leader-election", 100, ByUser,
            Rule([User(ControllerManager), User(Scheduler), Account("*")], [Leases])),
        Schema(
            "endpoint-controller", "workload-high", 150, ByUser,
            Rule(
                [
                    User(ControllerManager), Account("endpoint-controller"),
                    Account("endpointslicemirroring-controller"),
                ],
                [Resources(["get", "create", "update"], [""], ["endpoints"], ["*"], clusterScope: false)])),
        Schema(
            "workload-leader-election", "leader-election", 200, ByUser,
            Rule([Account("*")], [Leases])),
        Schema(
            "kube-controller-manager", "workload-high", 800, ByNamespace,
            Rule([User(ControllerManager)], [AllResources], [AllUrls])),
        Schema(
            "kube-scheduler", "workload-high", 800, ByNamespace,
            Rule([User(Scheduler)], [AllResources], [AllUrls])),
        Schema(
            "kube-system-service-accounts", "workload-high", 900, ByNamespace,
            Rule([Account("*")], [AllResources], [AllUrls])),
        Schema(
            "service-accounts", "workload-low", 9000, ByUser,
            Rule([Group("system:serviceaccounts")], [AllResources], [AllUrls])),
        Schema(
            "global-default", "global-default", 9900, ByUser,
            Rule([Group(Unauthenticated), Group(Authenticated)], [AllResources], [AllUrls])),
    ];

    /// <summary>True for the names of what nobody may change.</summary>
    public static bool IsMandatory(string? name) => name is "exempt" or "catch-all";

    /// <summary>The mandatory level of a name; null for other names.</summary>
    internal static V1PriorityLevelConfiguration? MandatoryLevel(string? name) =>
        IsMandatory(name) ? PriorityLevels.First(l => l.Metadata.Name == name) : null;

    /// <summary>The mandatory schema of a name; null for other names.</summary>
    internal static V1FlowSchema? MandatorySchema(string? name) =>
        IsMandatory(name) ? FlowSchemas.First(s => s.Metadata.Name == name) : null;

    private static V1ObjectMeta Metadata(string name) => new()
    {
        Name = name,
        Annotations = new Dictionary<string, string> { [AutoUpdateAnnotation] = "true" },
    };

    private static V1PriorityLevelConfiguration Limited(
        string name, int shares, int lendable, V1QueuingConfiguration? queuing) => new()
        {
            Metadata = Metadata(name),
            Spec = new V1PriorityLevelConfigurationSpec
            {
                Type = "Limited",
                Limited = new V1LimitedPriorityLevelConfiguration
                {
                    NominalConcurrencyShares = shares,
                    LendablePercent = lendable,
                    LimitResponse = new V1LimitResponse
                    {
                        Type = queuing is null ? "Reject" : "Queue",
                        Queuing = queuing,
                    },
                },
            },
        };

    private static V1QueuingConfiguration Queues(int queues, int hand) =>
        new() { Queues = queues, HandSize = hand, QueueLengthLimit = 50 };

    private static V1FlowSchema Schema(
        string name, string level, int precedence, string? distinguisher, V1PolicyRulesWithSubjects rule) => new()
        {
            Metadata = Metadata(name),
            Spec = new V1FlowSchemaSpec
            {
                PriorityLevelConfiguration = new V1PriorityLevelConfigurationReference { Name = level },
                MatchingPrecedence = precedence,
                DistinguisherMethod = distinguisher is null
                    ? null
                    : new V1FlowDistinguisherMethod { Type = distinguisher },
                Rules = [rule],
            },
        };

    private static V1PolicyRulesWithSubjects Rule(
        IList<Flowcontrolv1Subject> subjects,
        IList<V1ResourcePolicyRule> resources,
        IList<V1NonResourcePolicyRule>? urls = null) =>
        new() { Subjects = subjects, ResourceRules = resources, NonResourceRules = urls };

    private static V1ResourcePolicyRule Resources(
        IList<string> verbs, IList<string> groups, IList<string> resources, IList<string> namespaces,
        bool clusterScope) => new()
        {
            Verbs = verbs, ApiGroups = groups, Resources = resources, Namespaces = namespaces,
            ClusterScope = clusterScope ? true : null,
        };

    private static Flowcontrolv1Subject Group(string name) =>
        new() { Kind = "Group", Group = new V1GroupSubject { Name = name } };

    private static Flowcontrolv1Subject User(string name) =>
        new() { Kind = "User", User = new V1UserSubject { Name = name } };

    private static Flowcontrolv1Subject Account(string name) => new()
    {
        Kind = "ServiceAccount",
        ServiceAccount = new V1ServiceAccountSubject { Name = name, NamespaceProperty = "kube-system" },
    };
}
