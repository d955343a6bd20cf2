using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ServiceAccounts;

/// <summary>The rules of ServiceAccounts.</summary>
public sealed class ServiceAccountStrategy : ResourceStrategy<V1ServiceAccount>
{
}
