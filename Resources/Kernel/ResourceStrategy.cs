using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// The rules of one kind, as pure functions over its model. The pipeline owns what all kinds share (metadata,
/// generation of names, uid, timestamps, generic metadata validation); a strategy adds what is the kind's own. Calls
/// come in the order in which they are declared here.
/// </summary>
public interface IResourceStrategy
{
    /// <summary>The form of the objects that the rules are about.</summary>
    IObjectCodec Codec { get; }

    /// <summary>True if PUT of an absent object creates it.</summary>
    bool AllowCreateOnUpdate { get; }

    /// <summary>True if an update without resourceVersion is accepted.</summary>
    bool AllowUnconditionalUpdate { get; }

    /// <summary>
    /// Fields that field selectors may name, beyond <c>metadata.name</c> and <c>metadata.namespace</c>.
    /// </summary>
    IReadOnlyList<SelectableField> SelectableFields { get; }

    /// <summary>What is said of a field that selectors may not name; null for the usual words.</summary>
    string? UnknownFieldText(string label);

    /// <summary>Columns of the Table form.</summary>
    IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>The Table cells of one object, one per column.</summary>
    IReadOnlyList<object?> Cells(IKubernetesObject<V1ObjectMeta> item, DateTimeOffset now);

    /// <summary>What a Table row says of its object beside the cells; null for nothing.</summary>
    RowCondition? Condition(IKubernetesObject<V1ObjectMeta> item);

    /// <summary>Fills in defaults, on every decode of a request body and of patched objects.</summary>
    void SetDefaults(IKubernetesObject<V1ObjectMeta> item);

    /// <summary>Clears what clients may not set on create (status, generation = 1 …).</summary>
    void PrepareForCreate(IKubernetesObject<V1ObjectMeta> item);

    /// <summary>Findings on a new object, metadata excluded (but name rules: see <see cref="ValidateName"/>).</summary>
    void Validate(IKubernetesObject<V1ObjectMeta> item, FieldErrors errors);

    /// <summary>
    /// Carries over what an update may not change, bumps <c>metadata.generation</c> (so far the old one's) when the
    /// spec changed.
    /// </summary>
    void PrepareForUpdate(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old, string subresource);

    /// <summary>
    /// Findings on an update of the object (<paramref name="subresource"/> empty) or a subresource of it.
    /// </summary>
    void ValidateUpdate(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old, string subresource, FieldErrors errors);

    /// <summary>
    /// Which fields a write of the object (<paramref name="subresource"/> empty) or of a subresource can come to own;
    /// null for all.
    /// </summary>
    FieldFilter? OwnableFields(string subresource);

    /// <summary>Texts for Warning headers, on create and update; <paramref name="old"/> is null on create.</summary>
    IEnumerable<string> Warnings(IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta>? old);

    /// <summary>Texts for Warning headers on an update of the status.</summary>
    IEnumerable<string> StatusWarnings(IKubernetesObject<V1ObjectMeta> item);

    /// <summary>Why a name is bad, in upstream's words; empty when it is good.</summary>
    /// <param name="name">The name, or a generateName prefix.</param>
    /// <param name="isPrefix">True for generateName.</param>
    IEnumerable<string> ValidateName(string name, bool isPrefix);

    /// <summary>
    /// The grace period that a deletion really gets; null deletes at once. A pod that is not yet bound, or has
    /// finished, goes at once.
    /// </summary>
    /// <param name="item">The object to delete.</param>
    /// <param name="requestedSeconds">From DeleteOptions; null when not given.</param>
    long? GracePeriodSeconds(IKubernetesObject<V1ObjectMeta> item, long? requestedSeconds);
}

/// <summary>A field that can be selected on.</summary>
/// <param name="Label">The name in selectors, for example <c>spec.nodeName</c>.</param>
/// <param name="Path">Where the value is in the JSON; the same as the label when not given.</param>
/// <param name="Default">The value when the JSON has none.</param>
public sealed record SelectableField(string Label, string? Path = null, string Default = "");

/// <summary><c>meta/v1 TableColumnDefinition</c>.</summary>
/// <param name="Name">Heading.</param>
/// <param name="Type">string, integer, number, boolean or date.</param>
/// <param name="Format">For example <c>name</c>.</param>
/// <param name="Description">Upstream's text.</param>
/// <param name="Priority">0 is always shown, 1 with <c>-o wide</c>.</param>
public sealed record TableColumn(string Name, string Type, string Format, string Description, int Priority = 0);

/// <summary><c>meta/v1 TableRowCondition</c> that is true.</summary>
/// <param name="Type">For example <c>Completed</c>.</param>
/// <param name="Reason">One word.</param>
/// <param name="Message">Upstream's text.</param>
public sealed record RowCondition(string Type, string Reason, string Message);

/// <summary>Typed base of strategies; every rule has the usual answer as its default.</summary>
public abstract class ResourceStrategy<T> : IResourceStrategy
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public virtual IObjectCodec Codec => TypedCodec<T>.Instance;

    public virtual bool AllowCreateOnUpdate => false;

    public virtual bool AllowUnconditionalUpdate => true;

    public virtual IReadOnlyList<SelectableField> SelectableFields => [];

    public virtual string? UnknownFieldText(string label) => null;

    /// <summary>The two columns of kinds without their own.</summary>
    public virtual IReadOnlyList<TableColumn> Columns => TableColumns.NameAndAge;

    public virtual IReadOnlyList<object?> Cells(T item, DateTimeOffset now) =>
        [item.Metadata.Name, TableColumns.CreatedAt(item)];

    public virtual RowCondition? Condition(T item) => null;

    public virtual void SetDefaults(T item)
    {
    }

    public virtual void PrepareForCreate(T item)
    {
    }

    public virtual void Validate(T item, FieldErrors errors)
    {
    }

    public virtual void PrepareForUpdate(T item, T old, string subresource)
    {
    }

    public virtual void ValidateUpdate(T item, T old, string subresource, FieldErrors errors)
    {
    }

    /// <summary>The status is reset in writes of the object, the spec in those of the status.</summary>
    public virtual FieldFilter? OwnableFields(string subresource) => subresource switch
    {
        "" => Codec.Schema.Find("status") is null ? null : FieldFilter.NoStatus,
        "status" => FieldFilter.NoSpec,
        _ => null,
    };

    public virtual IEnumerable<string> Warnings(T item, T? old) => [];

    public virtual IEnumerable<string> StatusWarnings(T item) => [];

    public virtual IEnumerable<string> ValidateName(string name, bool isPrefix) =>
        NameRules.DnsSubdomain(name, isPrefix);

    public virtual long? GracePeriodSeconds(T item, long? requestedSeconds) => null;

    IReadOnlyList<object?> IResourceStrategy.Cells(IKubernetesObject<V1ObjectMeta> item, DateTimeOffset now) =>
        Cells((T)item, now);

    RowCondition? IResourceStrategy.Condition(IKubernetesObject<V1ObjectMeta> item) => Condition((T)item);

    void IResourceStrategy.SetDefaults(IKubernetesObject<V1ObjectMeta> item) => SetDefaults((T)item);

    void IResourceStrategy.PrepareForCreate(IKubernetesObject<V1ObjectMeta> item) => PrepareForCreate((T)item);

    void IResourceStrategy.Validate(IKubernetesObject<V1ObjectMeta> item, FieldErrors errors) =>
        Validate((T)item, errors);

    void IResourceStrategy.PrepareForUpdate(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old, string subresource) =>
        PrepareForUpdate((T)item, (T)old, subresource);

    void IResourceStrategy.ValidateUpdate(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta> old, string subresource, FieldErrors errors) =>
        ValidateUpdate((T)item, (T)old, subresource, errors);

    IEnumerable<string> IResourceStrategy.Warnings(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta>? old) =>
        Warnings((T)item, (T?)old);

    IEnumerable<string> IResourceStrategy.StatusWarnings(IKubernetesObject<V1ObjectMeta> item) =>
        StatusWarnings((T)item);

    long? IResourceStrategy.GracePeriodSeconds(IKubernetesObject<V1ObjectMeta> item, long? requestedSeconds) =>
        GracePeriodSeconds((T)item, requestedSeconds);
}
