namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>What conditions say of a write.</summary>
/// <param name="Matches">All of them hold.</param>
/// <param name="Error">Why nobody knows; null when it is known.</param>
/// <param name="Errors">How many of them went wrong.</param>
/// <param name="Elapsed">How long it took.</param>
internal readonly record struct ConditionsResult(
    bool Matches, string? Error = null, int Errors = 0, TimeSpan Elapsed = default);
