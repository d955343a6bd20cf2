namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// What the audit log is to be told of a request that it does not know yet: whoever finds out who sends it comes
/// before. A list of them is a feature of the request.
/// </summary>
/// <param name="Key">The annotation's key.</param>
/// <param name="Value">The annotation.</param>
public sealed record AuditNote(string Key, string Value);
