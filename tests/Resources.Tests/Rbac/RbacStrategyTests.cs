using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Rbac;

public sealed class RbacStrategyTests
{
    [Theory]
    [InlineData("ClusterRole", "\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]", "rules[0].verbs")]
    [InlineData(
        "ClusterRoleBinding",
        "\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"\"}",
        "roleRef.name")]
    public void AnUpdateIsJudgedOnce(string kind, string content, string field)
    {
        var item = $"{{\"metadata\":{{\"name\":\"a\",\"resourceVersion\":\"1\"}},{content}}}";
        Assert.StartsWith(
            field, Assert.Single(StrategyProbe.Update(kind, item, item)), StringComparison.Ordinal);
    }
}
