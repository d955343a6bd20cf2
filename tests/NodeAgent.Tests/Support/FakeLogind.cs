using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Threading.Channels;
using Tmds.DBus.Protocol;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// A real bus on a socket of its own, with systemd and its logind on it as somebody plays them: they give locks as open
/// files, see when they are given back, read their settings when they are told to, and say when the machine goes down.
/// </summary>
internal sealed class FakeLogind : IAsyncDisposable
{
    private const string LoginService = "org.freedesktop.login1";
    private const string LoginPath = "/org/freedesktop/login1";
    private const string SystemService = "org.freedesktop.systemd1";
    private const string SystemPath = "/org/freedesktop/systemd1";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-logind-");
    private readonly Channel<Task> _locks = Channel.CreateUnbounded<Task>();
    private readonly Process _bus;
    private readonly DBusConnection _self;

    private FakeLogind()
    {
        var settings = Path.Combine(_directory.FullName, "bus.conf");
        File.WriteAllText(
            settings,
            $"""
            <busconfig>
              <type>system</type>
              <listen>unix:path={SocketPath}</listen>
              <auth>EXTERNAL</auth>
              <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/></policy>
            </busconfig>
            """);
        _bus = Process.Start(new ProcessStartInfo("dbus-daemon", ["--nofork", "--print-address", $"--config-file={settings}"])
        {
            RedirectStandardOutput = true,
        })!;
        _self = new DBusConnection($"unix:path={SocketPath}");
    }

    public string SocketPath => Path.Combine(_directory.FullName, "bus");

    public string Configuration => Path.Combine(_directory.FullName, "logind.conf.d");

    /// <summary>How long it waits for those that hold locks.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>It does what its settings say.</summary>
    public bool ReadsSettings { get; set; } = true;

    /// <summary>How often it was told to read its settings.</summary>
    public int Reloads { get; private set; }

    /// <summary>What it refuses, by the name of the call; null for nothing.</summary>
    public string? Refused { get; set; }

    public static async Task<FakeLogind> StartAsync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/dbus-daemon"), "dbus-daemon is not installed");
        var fake = new FakeLogind();
        await fake._bus.StandardOutput.ReadLineAsync(); // it takes connections once it has told its address
        await fake._self.ConnectAsync();
        fake._self.AddMethodHandlers([new Part(LoginPath, fake.Answer), new Part(SystemPath, fake.Answer)]);
        await fake._self.RequestNameAsync(LoginService, RequestNameOptions.None);
        await fake._self.RequestNameAsync(SystemService, RequestNameOptions.None);
        return fake;
    }

    /// <summary>The next lock that is given: it completes when that has been given back.</summary>
    public ValueTask<Task> NextLockAsync() => _locks.Reader.ReadAsync();

    /// <summary>Tells that the machine goes down, or does not.</summary>
    public void Tell(bool isShuttingDown)
    {
        using var signal = _self.GetMessageWriter();
        signal.WriteSignalHeader(null, LoginPath, "org.freedesktop.login1.Manager", "PrepareForShutdown", "b");
        signal.WriteBool(isShuttingDown);
        _self.TrySendMessage(signal.CreateMessage());
    }

    /// <summary>The bus goes.</summary>
    public void Disconnect() => _bus.Kill();

    public async ValueTask DisposeAsync()
    {
        _self.Dispose();
        _bus.Kill();
        await _bus.WaitForExitAsync();
        _bus.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Answer(MethodContext call)
    {
        var member = call.Request.MemberAsString;
        if (member == Refused)
        {
            call.ReplyError("org.example.No", "not today");
            return;
        }

        switch (member)
        {
            case "Get":
                using (var reply = call.CreateReplyWriter("v"))
                {
                    reply.WriteVariant(VariantValue.UInt64((ulong)Delay.TotalMicroseconds));
                    call.Reply(reply.CreateMessage());
                }

                break;
            case "KillUnit":
                Reloads++;
                Delay = ReadsSettings ? SettingsDelay() : Delay;
                call.Reply(call.CreateReplyWriter(null!).CreateMessage());
                break;
            case "Inhibit":
                GiveLock(call);
                break;
        }
    }

    private TimeSpan SettingsDelay() => TimeSpan.FromSeconds(int.Parse(
        File.ReadLines(Path.Combine(Configuration, "99-kubelet.conf"))
            .Single(static l => l.StartsWith("InhibitDelayMaxSec=", StringComparison.Ordinal)).Split('=')[1],
        CultureInfo.InvariantCulture));

    private void GiveLock(MethodContext call)
    {
        var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var reply = call.CreateReplyWriter("h");
        reply.WriteHandle(pipe.ClientSafePipeHandle); // the message closes it when it has been sent
        call.Reply(reply.CreateMessage());
        _locks.Writer.TryWrite(GivenBackAsync(pipe));
    }

    /// <summary>The other end of a pipe that is closed everywhere.</summary>
    private static async Task GivenBackAsync(AnonymousPipeServerStream pipe)
    {
        await using (pipe)
        {
            await pipe.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);
        }
    }

    private sealed class Part(string path, Action<MethodContext> answer) : IPathMethodHandler
    {
        public string Path => path;

        public bool HandlesChildPaths => false;

        public ValueTask HandleMethodAsync(MethodContext context)
        {
            answer(context);
            return ValueTask.CompletedTask;
        }
    }
}
