using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// What somebody wants to do: all that an authorizer is asked with, whether a request stands behind it, or a check that
/// the API makes on its own (impersonation, a node's token audience, access reviews).
/// </summary>
public sealed record AuthorizationAttributes
{
    public required UserIdentity User { get; init; }

    /// <summary>API verb; the lower-case method for paths that are no resource's.</summary>
    public required string Verb { get; init; }

    /// <summary>False: <see cref="Path"/> alone says what is wanted.</summary>
    public bool IsResourceRequest { get; init; } = true;

    public string Path { get; init; } = "";

    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    /// <summary>Plural name.</summary>
    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>The field selector as it was sent, of list, watch and deletecollection.</summary>
    public string FieldSelector { get; init; } = "";

    /// <summary>The label selector as it was sent, of list, watch and deletecollection.</summary>
    public string LabelSelector { get; init; } = "";

    /// <summary>True for verbs that change nothing.</summary>
    public bool IsReadOnly => Verb is "get" or "list" or "watch";

    /// <summary>
    /// True when only objects whose field has this value can be selected. A selector that cannot be read demands
    /// nothing.
    /// </summary>
    public bool DemandsField(string label, string value) =>
        Resources.Kernel.FieldSelector.ReadTerms(FieldSelector)
            .Any(t => !t.Negated && t.Label == label && t.Value == value);
}
