using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Events;

/// <summary>The rules of Events.</summary>
public sealed class EventStrategy : ResourceStrategy<Corev1Event>
{
}
