using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>
/// What quotas can bound of the objects of one resource, and how much one object uses (upstream's
/// pkg/quota/v1/evaluator). This one counts objects; some resources have more to say.
/// </summary>
public class QuotaEvaluator
{
    private static readonly HashSet<ResourceName> PlainNames =
    [
        WellKnown.ConfigMaps, WellKnown.ResourceQuotas, WellKnown.Secrets, new("", "replicationcontrollers"),
    ];

    private static readonly Dictionary<ResourceName, QuotaEvaluator> Special = new()
    {
        [WellKnown.Pods] = new PodQuota(),
        [WellKnown.PersistentVolumeClaims] = new ClaimQuota(),
        [WellKnown.Services] = new ServiceQuota(),
    };

    /// <summary>What an object counts for.</summary>
    protected static readonly Quantity One = Quantity.Parse("1");

    private readonly string[] _names;

    protected QuotaEvaluator(ResourceName resource)
    {
        Resource = resource;
        CountName =
            resource.Group.Length == 0 ? $"count/{resource.Plural}" : $"count/{resource.Plural}.{resource.Group}";
        _names = PlainNames.Contains(resource) ? [CountName, resource.Plural] : [CountName];
    }

    /// <summary>Whose objects are counted.</summary>
    public ResourceName Resource { get; }

    /// <summary>How a quota names the number of the objects.</summary>
    protected string CountName { get; }

    /// <param name="resource">Whose objects are counted.</param>
    /// <param name="devices">What claims of devices depend on; null where it is not known.</param>
    public static QuotaEvaluator For(ResourceName resource, DeviceSurroundings? devices = null) =>
        resource == WellKnown.ResourceClaims ? new DeviceQuota(devices ?? DeviceSurroundings.Unknown)
        : Special.GetValueOrDefault(resource) ?? new QuotaEvaluator(resource);

    /// <summary>True for a write after which an object may count for more than before.</summary>
    public static bool IsConcerned(QuotedWrite write) => (write.Old, write.Subresource) switch
    {
        (null, "") => write.Resource != WellKnown.Events && write.Resource != WellKnown.GroupedEvents,
        (V1Pod old, "") => PodQuota.IsTerminating(old) != PodQuota.IsTerminating((V1Pod)write.Item),
        (V1Pod, "resize") => true,
        (V1Service or V1PersistentVolumeClaim or Resourcev1ResourceClaim, "") => true,
        (V1PersistentVolumeClaim old, "status") => !ClaimQuota.IsSame(old, (V1PersistentVolumeClaim)write.Item),
        _ => false,
    };

    /// <summary>True for a name of a quota that is about these objects.</summary>
    public virtual bool Bounds(string name) => _names.Contains(name);

    /// <summary>How much of everything one object uses.</summary>
    /// <param name="item">The object.</param>
    /// <param name="now">The time; null when it is only about to be written.</param>
    public virtual Dictionary<string, Quantity> Usage(
        IKubernetesObject<V1ObjectMeta> item, DateTimeOffset? now = null) =>
        _names.ToDictionary(static n => n, static _ => One, StringComparer.Ordinal);

    /// <summary>Why an object cannot be counted, where it does not say what a quota bounds; null when it can.</summary>
    public virtual string? Complaint(IReadOnlyCollection<string> bounded, IKubernetesObject<V1ObjectMeta> item) => null;

    /// <summary>
    /// True when a quota counts the object: it bounds something of it, and the object is in all scopes.
    /// </summary>
    public bool Counts(V1ResourceQuota quota, IKubernetesObject<V1ObjectMeta> item) =>
        quota.Status?.Hard?.Keys.Any(Bounds) == true && IsInScopes(quota, item);

    /// <summary>True when the object is in all scopes of a quota.</summary>
    public bool IsInScopes(V1ResourceQuota quota, IKubernetesObject<V1ObjectMeta> item) =>
        ScopesOf(quota).All(s => IsIn(s, item));

    /// <summary>Those of some scopes that the object is in.</summary>
    internal IEnumerable<V1ScopedResourceSelectorRequirement> Matching(
        IEnumerable<V1ScopedResourceSelectorRequirement> scopes, IKubernetesObject<V1ObjectMeta> item) =>
        scopes.Where(s => IsIn(s, item));

    /// <summary>All scopes of a quota, however they are written.</summary>
    internal static IEnumerable<V1ScopedResourceSelectorRequirement> ScopesOf(V1ResourceQuota quota) =>
        (quota.Spec?.Scopes ?? []).Select(Exists).Concat(quota.Spec?.ScopeSelector?.MatchExpressions ?? []);

    /// <summary>True when an object is in a scope; without scopes of its own an object is in none.</summary>
    protected virtual bool IsIn(V1ScopedResourceSelectorRequirement scope, IKubernetesObject<V1ObjectMeta> item) =>
        false;

    /// <summary>True when one of the values that an object has is as a scope asks.</summary>
    protected static bool Selects(V1ScopedResourceSelectorRequirement scope, IReadOnlyCollection<string> values) =>
        scope.OperatorProperty switch
        {
            "Exists" => values.Count > 0,
            "DoesNotExist" => values.Count == 0,
            "In" => values.Any(v => scope.Values?.Contains(v) == true),
            "NotIn" => values.Count == 0 || values.Any(v => scope.Values?.Contains(v) != true),
            _ => false,
        };

    private static V1ScopedResourceSelectorRequirement Exists(string scope) =>
        new() { ScopeName = scope, OperatorProperty = "Exists" };
}
