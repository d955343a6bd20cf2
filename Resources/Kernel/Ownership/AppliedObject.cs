namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>What applying makes of an object.</summary>
/// <param name="Json">The object; null when it stays as it is.</param>
/// <param name="Managed">Its owners.</param>
public sealed record AppliedObject(ReadOnlyMemory<byte>? Json, ManagedFields Managed);
