using System.Reflection;
using OrleansOrchestrator.Grains.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>
/// PostgreSQL keeps states by their name and the grain's key, whatever the grain's type: two grains with one name and
/// one key would read each other's.
/// </summary>
public sealed class StateNamesTests
{
    [Fact]
    public void NoTwoGrainsNameTheirStatesAlike()
    {
        var names =
            from type in typeof(JournalGrain).Assembly.GetTypes()
            from constructor in type.GetConstructors()
            from parameter in constructor.GetParameters()
            let state = parameter.GetCustomAttribute<PersistentStateAttribute>()
            where state is not null
            select state.StateName;

        Assert.NotEmpty(names);
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
    }
}
