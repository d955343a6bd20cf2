using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Kinds that are served only at times, by an endpoint of their own: discovery names them while they are.
/// </summary>
/// <param name="Kinds">Their rows.</param>
/// <param name="AreServed">Whether they are, now.</param>
public sealed record OptionalKinds(IReadOnlyList<ResourceKind> Kinds, Func<bool> AreServed);
