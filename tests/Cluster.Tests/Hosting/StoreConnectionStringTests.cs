using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>Nothing of a password is repeated, however the connection string is written.</summary>
public sealed class StoreConnectionStringTests
{
    [Theory]
    [InlineData("Host=h;Username=u;Password=a;secret=b")]
    [InlineData("Host=h;Password=a;secret;Username=u")]
    [InlineData("Host=h;Port=secret")]
    [InlineData("Pasword=secret")]
    [InlineData("secret")]
    public void What_is_wrong_is_not_repeated(string connection)
    {
        var refused = Assert.Throws<UserErrorException>(() => StoreConnectionString.Check(connection));

        Assert.StartsWith("--connection ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Host=h;Username=u;Password='a;secret=b'")]
    public void What_is_right_is_no_error(string? connection) => StoreConnectionString.Check(connection);
}
