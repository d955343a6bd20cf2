using OrleansOrchestrator.NodeAgent.Shutdown;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Tmds.DBus.Protocol;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Shutdown;

/// <summary>logind over a real bus of the test's own.</summary>
public sealed class LogindTests : IAsyncLifetime
{
    private FakeLogind _system = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _system = await FakeLogind.StartAsync();

    public ValueTask DisposeAsync() => _system.DisposeAsync();

    [Fact]
    public async Task A_lock_is_held_until_it_is_given_back()
    {
        using var logind = await OpenAsync();

        var held = await logind.InhibitAsync(Token);
        var givenBack = await _system.NextLockAsync();
        Assert.False(givenBack.IsCompleted);
        held.Dispose();

        await givenBack;
    }

    [Fact]
    public async Task A_lock_is_given_back_by_itself_after_the_connection_has_gone()
    {
        var logind = await OpenAsync();
        var held = await logind.InhibitAsync(Token);
        var givenBack = await _system.NextLockAsync();
        logind.Dispose();
        Assert.False(givenBack.IsCompleted); // logind looks at the file, not at the connection
        held.Dispose();

        await givenBack;
    }

    [Fact]
    public async Task What_is_told_is_heard_in_order_until_the_bus_goes()
    {
        using var logind = await OpenAsync();
        await logind.SubscribeAsync(Token);
        foreach (var told in (bool[])[true, false, true])
        {
            _system.Tell(told);
        }

        var heard = new List<bool>();
        await foreach (var isShuttingDown in logind.ShutdownsAsync(Token))
        {
            heard.Add(isShuttingDown);
            if (heard.Count == 3)
            {
                _system.Disconnect();
            }
        }

        Assert.Equal([true, false, true], heard);
        await Assert.ThrowsAnyAsync<DBusExceptionBase>(() => logind.InhibitAsync(Token));
    }

    [Theory]
    [InlineData(40, 30, false)]
    [InlineData(5, 30, true)]
    public async Task Patience_that_is_too_little_is_raised(int delay, int wanted, bool isRaised)
    {
        _system.Delay = TimeSpan.FromSeconds(delay);
        using var logind = await OpenAsync();

        await logind.RequireDelayAsync(TimeSpan.FromSeconds(wanted), Token);

        Assert.Equal(Math.Max(delay, wanted), (int)_system.Delay.TotalSeconds);
        Assert.Equal(isRaised, Directory.Exists(_system.Configuration));
        if (isRaised)
        {
            Assert.Equal(
                "# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=30\n",
                await File.ReadAllTextAsync(Path.Combine(_system.Configuration, "99-kubelet.conf"), Token));
        }
    }

    [Fact]
    public async Task Patience_that_cannot_be_raised_is_an_error()
    {
        _system.ReadsSettings = false;
        using var logind = await OpenAsync();

        var problem = await Assert.ThrowsAsync<IOException>(
            () => logind.RequireDelayAsync(TimeSpan.FromSeconds(30), Token));

        Assert.Equal(
            "node shutdown manager was unable to update logind InhibitDelayMaxSec to 30s (ShutdownGracePeriod), current value of InhibitDelayMaxSec (5s) is less than requested ShutdownGracePeriod",
            problem.Message);

        await Assert.ThrowsAsync<IOException>(() => logind.RequireDelayAsync(TimeSpan.FromSeconds(30), Token));
        Assert.Equal(1, _system.Reloads);
    }

    [Fact]
    public async Task Settings_that_logind_was_not_told_of_are_told_the_next_time()
    {
        _system.Refused = "KillUnit";
        using var logind = await OpenAsync();
        await Assert.ThrowsAsync<DBusErrorReplyException>(
            () => logind.RequireDelayAsync(TimeSpan.FromSeconds(30), Token));
        _system.Refused = null;

        await logind.RequireDelayAsync(TimeSpan.FromSeconds(30), Token);

        Assert.Equal(30, (int)_system.Delay.TotalSeconds);
    }

    [Fact]
    public async Task A_refusal_is_told_in_its_own_words()
    {
        _system.Refused = "Inhibit";
        using var logind = await OpenAsync();

        Assert.Equal(
            "org.example.No: not today",
            (await Assert.ThrowsAsync<DBusErrorReplyException>(() => logind.InhibitAsync(Token))).Message);
    }

    private Task<Logind> OpenAsync() =>
        Logind.OpenAsync(_system.SocketPath, _system.Configuration, TimeProvider.System, Token);
}
