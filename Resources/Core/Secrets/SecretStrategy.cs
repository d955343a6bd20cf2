using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Secrets;

/// <summary>The rules of Secrets.</summary>
public sealed class SecretStrategy : ResourceStrategy<V1Secret>
{
}
