using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>A configuration to be applied to an object.</summary>
public sealed record ApplyRequest
{
    /// <summary>The object; that without fields when it is to be created.</summary>
    public required OwnedVersion Live { get; init; }

    /// <summary>An object of the kind without fields.</summary>
    public required OwnedVersion Empty { get; init; }

    /// <summary>The configuration.</summary>
    public required JsonElement Applied { get; init; }

    /// <summary>What errors call it: <c>namespace/name; group/version, Kind=Kind</c>.</summary>
    public required string AppliedName { get; init; }

    /// <summary>The owners before.</summary>
    public required ManagedFields Managed { get; init; }

    public required string Manager { get; init; }

    /// <summary>Takes fields from others instead of refusing.</summary>
    public required bool Force { get; init; }

    /// <summary>
    /// What the manager applied before the server knew of appliers: fields that still have these values are no
    /// conflicts. Empty when there is nothing of the kind.
    /// </summary>
    public string LastApplied { get; init; } = "";
}
