using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class TableColumnsTests
{
    [Fact]
    public void ServiceAccountsHaveNoColumnForSecrets() => Assert.Equal(
        ["Name", "Age"],
        BuiltInResources.Table.All.Single(d => d.Name == WellKnown.ServiceAccounts)
            .Strategy.Columns.Select(c => c.Name));
}
