using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>Isolates no pod, unless a test says how.</summary>
internal sealed class FakeIsolation : IPodIsolation
{
    public Func<V1Pod, CancellationToken, Task>? Ensuring { get; set; }

    public Task EnsureAsync(V1Pod pod, CancellationToken cancellationToken) =>
        Ensuring?.Invoke(pod, cancellationToken) ?? Task.CompletedTask;
}
