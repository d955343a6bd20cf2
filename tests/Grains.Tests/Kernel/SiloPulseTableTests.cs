using System.Net;
using Orleans.Runtime;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>Numbers of silos that are gone do not gather.</summary>
public sealed class SiloPulseTableTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_silo_takes_the_place_of_whoever_crashed_at_its_address(string address)
    {
        var connection = PostgresDataSources.ForPulses(await PostgresFixture.CreateDatabaseAsync());
        SiloAddress At(int port, int generation) =>
            SiloAddress.New(new IPEndPoint(IPAddress.Parse(address), port), generation);
        using var other = Started(At(1111, 1));
        using (Started(At(11111, 1)))
        {
            // It crashes: nobody takes its number away.
        }

        using var next = Started(At(11111, 2));
        next.Beat(At(11111, 2));
        using var listener = new SiloPulseTable(connection);

        Assert.Equal(
            new Dictionary<string, long>
            {
                [At(1111, 1).ToParsableString()] = 1, [At(11111, 2).ToParsableString()] = 2,
            },
            listener.Beat(At(3, 1)));

        SiloPulseTable Started(SiloAddress silo)
        {
            var table = new SiloPulseTable(connection);
            table.Beat(silo);
            return table;
        }
    }
}
