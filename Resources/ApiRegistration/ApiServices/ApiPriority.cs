namespace OrleansOrchestrator.Resources.ApiRegistration.ApiServices;

/// <summary>Where an APIService puts its group among the groups, and its version among those of the group.</summary>
public readonly record struct ApiPriority(int Group, int Version)
{
    /// <summary>Groups of custom resources: upstream's number.</summary>
    public static readonly ApiPriority Custom = new(1000, 100);

    /// <summary>What metrics-server asks for.</summary>
    public static readonly ApiPriority Metrics = new(100, 100);

    /// <summary>Before all that an APIService can ask for.</summary>
    private static readonly ApiPriority First = new(20001, 0);

    private static readonly Dictionary<(string Group, string Version), ApiPriority> BuiltIn = new()
    {
        [("", "v1")] = new(18000, 1),
        [("apps", "v1")] = new(17800, 15),
        [("events.k8s.io", "v1")] = new(17750, 15),
        [("authentication.k8s.io", "v1")] = new(17700, 15),
        [("authorization.k8s.io", "v1")] = new(17600, 15),
        [("autoscaling", "v1")] = new(17500, 15),
        [("autoscaling", "v2")] = new(17500, 30),
        [("batch", "v1")] = new(17400, 15),
        [("certificates.k8s.io", "v1")] = new(17300, 15),
        [("networking.k8s.io", "v1")] = new(17200, 15),
        [("policy", "v1")] = new(17100, 15),
        [("rbac.authorization.k8s.io", "v1")] = new(17000, 15),
        [("storage.k8s.io", "v1")] = new(16800, 15),
        [("admissionregistration.k8s.io", "v1")] = new(16700, 15),
        [("apiextensions.k8s.io", "v1")] = new(16700, 15),
        [("scheduling.k8s.io", "v1")] = new(16600, 15),
        [("coordination.k8s.io", "v1")] = new(16500, 15),
        [("node.k8s.io", "v1")] = new(16300, 15),
        [("discovery.k8s.io", "v1")] = new(16200, 15),
        [("resource.k8s.io", "v1")] = new(16200, 20),
        [("flowcontrol.apiserver.k8s.io", "v1")] = new(16100, 21),
    };

    /// <summary>That of a group version that upstream's API server registers itself; null for all others.</summary>
    public static ApiPriority? Find(string group, string version) =>
        BuiltIn.TryGetValue((group, version), out var priority) ? priority : null;

    /// <summary>That of a group version which this server serves, registered or not.</summary>
    public static ApiPriority Of(string group, string version) => group switch
    {
        "apiregistration.k8s.io" => First,
        "metrics.k8s.io" => Metrics,
        _ => Find(group, version) ?? Custom,
    };
}
