using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>What a write does, as admission sees it.</summary>
public enum AdmissionOperation
{
    Create,
    Update,
    Delete,
    Connect,
}

/// <summary>One write under admission.</summary>
public sealed class AdmissionAttributes
{
    private List<Func<Task>>? _releases;
    private ReinvocationContext? _reinvocation;

    /// <summary>Something is created: an object, or what a subresource with a kind of its own takes.</summary>
    /// <param name="context">The write.</param>
    /// <param name="name">The object's name; empty while it waits for its generated one.</param>
    /// <param name="item">What is created.</param>
    /// <param name="subresource">The subresource; empty for the object itself.</param>
    /// <param name="named">
    /// What the client has named, where that is a resource that stands for the subresource; null for the subresource.
    /// </param>
    public static AdmissionAttributes OfCreate(
        WriteContext context, string name, IKubernetesObject<V1ObjectMeta> item, string subresource = "",
        ResourceDefinition? named = null) => new()
    {
        Operation = AdmissionOperation.Create,
        Definition = named ?? context.Definition,
        Key = new ObjectKey(context.Key.Namespace, name),
        Subresource = named is null ? subresource : "",
        Object = item,
        User = context.User,
        DryRun = context.Options.DryRun,
        Writing = context.Options,
        Warnings = context.Warnings,
        Audit = context.Audit,
        Waits = context.Waits,
        Deadline = context.Deadline,
        IsByUpdate = subresource.Length == 0 && context is { Key.Name.Length: > 0, Options.IsInternal: false },
    };

    public required AdmissionOperation Operation { get; init; }

    public required ResourceDefinition Definition { get; init; }

    /// <summary>
    /// The name is empty while a create waits for its generated name, and of one deletion of many that a request asked
    /// for at once.
    /// </summary>
    public required ObjectKey Key { get; init; }

    public string Subresource { get; init; } = "";

    /// <summary>
    /// The object as it is to be; null on delete. For subresources with a kind of their own (binding, eviction) that
    /// kind.
    /// </summary>
    public IKubernetesObject<V1ObjectMeta>? Object { get; set; }

    /// <summary>The object as it is; null on create.</summary>
    public IKubernetesObject<V1ObjectMeta>? OldObject { get; init; }

    public required UserIdentity User { get; init; }

    /// <summary>Nothing will be stored: plugins leave no trace either.</summary>
    public bool DryRun { get; init; }

    /// <summary>A client creates it by an update or an apply: the path names what was not there.</summary>
    public bool IsByUpdate { get; init; }

    /// <summary>No plugin sees it: they have seen what it is done for.</summary>
    public bool IsAdmitted { get; init; }

    /// <summary>Options of a delete; null otherwise.</summary>
    public V1DeleteOptions? Options { get; init; }

    /// <summary>Options of a create or an update; null otherwise.</summary>
    public WriteOptions? Writing { get; init; }

    /// <summary>Texts for Warning headers.</summary>
    public required ICollection<string> Warnings { get; init; }

    /// <summary>What the audit log learns of the write; null when it is not audited.</summary>
    public AuditRecord? Audit { get; init; }

    /// <summary>How long the write waits for others; null where nobody wants to know.</summary>
    public RequestWaits? Waits { get; init; }

    /// <summary>When the write must be done; null when there is no such time.</summary>
    public RequestDeadline? Deadline { get; init; }

    /// <summary>Whether the mutating plugins see the write again.</summary>
    public ReinvocationContext Reinvocation => _reinvocation ??= new ReinvocationContext();

    /// <summary>Somebody from outside has changed the object.</summary>
    internal bool WantsReinvocation => _reinvocation is { IsWanted: true };

    /// <summary>True when the write is for this resource itself, not for a subresource.</summary>
    public bool IsFor(ResourceName resource) => Subresource.Length == 0 && Definition.Name == resource;

    /// <summary>Tells the audit log something; of two that use one key the first does.</summary>
    public void Annotate(string key, string value) => Audit?.Annotate(key, value);

    /// <summary>
    /// Gives back what a plugin holds for this write, once it is committed or surely refused. Not done when nobody
    /// knows what became of it.
    /// </summary>
    public void OnEnd(Func<Task> release) => (_releases ??= []).Add(release);

    /// <summary>What is to be done at the end, once.</summary>
    internal IReadOnlyList<Func<Task>> TakeReleases()
    {
        var all = _releases;
        _releases = null;
        return all ?? [];
    }
}
