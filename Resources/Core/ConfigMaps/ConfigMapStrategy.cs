using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ConfigMaps;

/// <summary>The rules of ConfigMaps.</summary>
public sealed class ConfigMapStrategy : ResourceStrategy<V1ConfigMap>
{
}
