namespace OrleansOrchestrator.Api.Admission;

/// <summary>Settings of admission.</summary>
public sealed record AdmissionOptions
{
    /// <summary>Names of plugins that are left out.</summary>
    public IReadOnlyCollection<string> Disabled { get; init; } = [];
}
