namespace OrleansOrchestrator.Api.Diagnostics;

/// <summary>The flags that this server runs with, for <c>/flagz</c>.</summary>
/// <param name="Values">By name, without dashes; what nobody may read is <see cref="Classified"/> already.</param>
public sealed record ServerFlags(IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Stands for a value that may hold a secret; upstream's word.</summary>
    public const string Classified = "CLASSIFIED";

    /// <summary>Those of a server that no command line started.</summary>
    public static readonly ServerFlags None = new(new Dictionary<string, string>());
}
