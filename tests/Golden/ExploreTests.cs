using Xunit;

namespace OrleansOrchestrator.Golden;

public sealed class ExploreTests
{
    [Fact]
    public async Task Explore()
    {
        if (Environment.GetEnvironmentVariable("EXPLORE") is not { } file)
        {
            return;
        }

        await using var host = await GoldenHost.StartAsync();
        await File.WriteAllTextAsync(file, host.Address.Port.ToString());
        while (File.Exists(file))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        }
    }
}
