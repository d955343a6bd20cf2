using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>What a connection string says, PostgreSQL's own programs are told in their words.</summary>
public sealed class StoreDumpTests
{
    [Theory]
    [InlineData("Host=a", "a", "5432")]
    [InlineData("Host=a;Port=5433", "a", "5433")]
    [InlineData("Host=a:5432,b:5433", "a,b", "5432,5433")]
    [InlineData("Host=a, b:5433;Port=6000", "a,b", "6000,5433")]
    [InlineData("Host=[::1]:5433,::2", "::1,::2", "5433,5432")]
    [InlineData("Host=/run/postgresql", "/run/postgresql", "5432")]
    public void Several_servers_are_named_apart(string connection, string hosts, string ports)
    {
        var variables = new StoreDump(connection).Variables(writes: false);
        Assert.Equal(hosts, variables["PGHOST"]);
        Assert.Equal(ports, variables["PGPORT"]);
    }

    [Fact]
    public void Certificates_and_files_of_passwords_are_named()
    {
        const string connection =
            "Host=a;Username=u;Passfile=/p;SSL Mode=VerifyFull;Root Certificate=/r;SSL Certificate=/c;SSL Key=/k";
        var variables = new StoreDump(connection).Variables(writes: false);
        Assert.Equal(
            ["/p", "verify-full", "/r", "/c", "/k"],
            new[] { "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY" }.Select(n => variables[n]));
        Assert.DoesNotContain("PGPASSWORD", variables.Keys);
    }

    [Theory]
    [InlineData(true, "read-write")]
    [InlineData(false, null)]
    public void A_backup_is_restored_where_one_can_write(bool writes, string? expected) =>
        Assert.Equal(expected, new StoreDump("Host=a,b").Variables(writes).GetValueOrDefault("PGTARGETSESSIONATTRS"));

    [Fact]
    public void A_client_key_with_a_password_is_refused() => Assert.Throws<UserErrorException>(
        () => new StoreDump("Host=a;SSL Password=secret").Variables(writes: false));
}
