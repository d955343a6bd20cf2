using System.Globalization;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Machine;
using Tmds.DBus.Protocol;

namespace OrleansOrchestrator.NodeAgent.Shutdown;

/// <summary>
/// systemd-logind, which knows when the machine is to go down, and waits for those that hold a lock (systemd's
/// "Inhibitor Locks"): no longer than its own setting says, which the node raises where it is too little. What fails on
/// the bus is a <see cref="DBusExceptionBase"/>.
/// </summary>
public sealed class Logind : IDisposable
{
    /// <summary>Where the machine's bus is.</summary>
    public const string SystemBus = "/run/dbus/system_bus_socket";

    /// <summary>Where settings of logind are overridden.</summary>
    public const string ConfigurationDirectory = "/etc/systemd/logind.conf.d";

    private const string Service = "org.freedesktop.login1";
    private const string ObjectPath = "/org/freedesktop/login1";
    private const string Manager = "org.freedesktop.login1.Manager";
    private const int HangUp = 1;

    /// <summary>rw-r--r-- and rwxr-xr-x, as settings of the machine have them.</summary>
    private const UnixFileMode AllRead = (UnixFileMode)0x1A4;
    private const UnixFileMode AllLook = (UnixFileMode)0x1ED;
    private const int MaxSignals = 100;

    /// <summary>logind reads its settings some time after it was told to: it is asked again so often.</summary>
    private const int Looks = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>As long as other clients wait for an answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private readonly DBusConnection _bus;
    private readonly string _configuration;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _shutdowns = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(MaxSignals) { FullMode = BoundedChannelFullMode.DropOldest });

    private Logind(string socket, string configuration, TimeProvider time)
    {
        _bus = new DBusConnection($"unix:path={socket}");
        (_configuration, _time) = (configuration, time);
    }

    /// <param name="socket">The bus's.</param>
    /// <param name="configuration">The directory where the setting is overridden.</param>
    /// <param name="time">The time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Logind> OpenAsync(
        string socket, string configuration, TimeProvider time, CancellationToken cancellationToken)
    {
        var logind = new Logind(socket, configuration, time);
        try
        {
            await logind._bus.ConnectAsync().AsTask().WaitAsync(Patience, time, cancellationToken);
            return logind;
        }
        catch
        {
            logind.Dispose();
            throw;
        }
    }

    /// <summary>Makes logind wait for that long when somebody asks it to.</summary>
    /// <exception cref="IOException">It does not.</exception>
    public async Task RequireDelayAsync(TimeSpan wanted, CancellationToken cancellationToken)
    {
        if (await DelayAsync(cancellationToken) >= wanted)
        {
            return;
        }

        await OverrideAsync(wanted, cancellationToken);
        var (delay, pause) = (TimeSpan.Zero, FirstPause);
        for (var look = 0; look < Looks; look++)
        {
            delay = await DelayAsync(cancellationToken);
            if (delay >= wanted)
            {
                return;
            }

            await Task.Delay(pause, _time, cancellationToken);
            pause *= 2;
        }

        throw new IOException(
            "node shutdown manager was unable to update logind InhibitDelayMaxSec to " +
            $"{GoDuration.Format(wanted)} (ShutdownGracePeriod), current value of InhibitDelayMaxSec " +
            $"({GoDuration.Format(delay)}) is less than requested ShutdownGracePeriod");
    }

    /// <summary>The machine does not go down until this is disposed of, or logind loses its patience.</summary>
    public Task<SafeFileHandle> InhibitAsync(CancellationToken cancellationToken)
    {
        using var call = Call(Service, ObjectPath, Manager, "Inhibit", "ssss");
        call.WriteString("shutdown");
        call.WriteString("kubelet");
        call.WriteString("Kubelet needs time to handle node shutdown");
        call.WriteString("delay");
        return AskAsync(
            call.CreateMessage(), static answer => answer.GetBodyReader().ReadHandle<SafeFileHandle>()!,
            cancellationToken);
    }

    /// <summary>From now on <see cref="ShutdownsAsync"/> misses nothing.</summary>
    public async Task SubscribeAsync(CancellationToken cancellationToken) => await _bus.WatchSignalAsync(
        Service, ObjectPath, Manager, "PrepareForShutdown",
        static (signal, _) => signal.GetBodyReader().ReadBool(), Note, ObserverFlags.EmitAll,
        emitOnCapturedContext: false).AsTask().WaitAsync(Patience, _time, cancellationToken);

    /// <summary>
    /// True each time that the machine is to go down, false when that is called off; ends with the bus.
    /// </summary>
    public IAsyncEnumerable<bool> ShutdownsAsync(CancellationToken cancellationToken) =>
        _shutdowns.Reader.ReadAllAsync(cancellationToken);

    public void Dispose() => _bus.Dispose();

    private void Note(Notification<bool> told)
    {
        if (told.HasValue)
        {
            _shutdowns.Writer.TryWrite(told.Value);
        }
        else if (told.IsCompletion)
        {
            _shutdowns.Writer.TryComplete();
        }
    }

    private async Task<TimeSpan> DelayAsync(CancellationToken cancellationToken)
    {
        var microseconds = await AskAsync(
            Get(Manager, "InhibitDelayMaxUSec"),
            static answer => answer.GetBodyReader().ReadVariantValue().GetUInt64(), cancellationToken);
        return TimeSpan.FromMicroseconds(Math.Min(microseconds, TimeSpan.MaxValue.TotalMicroseconds / 2));
    }

    private MessageBuffer Get(string owner, string property)
    {
        using var call = Call(Service, ObjectPath, "org.freedesktop.DBus.Properties", "Get", "ss");
        call.WriteString(owner);
        call.WriteString(property);
        return call.CreateMessage();
    }

    /// <summary>Once: a logind that knows the file and does otherwise would do so again.</summary>
    private async Task OverrideAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        var file = Path.Combine(_configuration, "99-kubelet.conf");
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"# Kubelet logind override\n[Login]\nInhibitDelayMaxSec={delay.TotalSeconds:F0}\n");
        if (File.Exists(file) && await File.ReadAllTextAsync(file, cancellationToken) == text)
        {
            return;
        }

        OwnFiles.MakeMissing(_configuration, AllLook);
        OwnFiles.Write(file, text);
        File.SetUnixFileMode(file, AllRead);
        try
        {
            await ReloadAsync(cancellationToken);
        }
        catch
        {
            File.Delete(file); // logind does not know of it: the next try tells it
            throw;
        }
    }

    private Task ReloadAsync(CancellationToken cancellationToken)
    {
        using var call = Call(
            "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "KillUnit",
            "ssi");
        call.WriteString("systemd-logind.service");
        call.WriteString("all");
        call.WriteInt32(HangUp);
        return _bus.CallMethodAsync(call.CreateMessage()).WaitAsync(Patience, _time, cancellationToken);
    }

    private MessageWriter Call(string destination, string path, string owner, string member, string signature)
    {
        var writer = _bus.GetMessageWriter();
        writer.WriteMethodCallHeader(destination, path, owner, member, signature);
        return writer;
    }

    private Task<T> AskAsync<T>(MessageBuffer call, Func<Message, T> read, CancellationToken cancellationToken) =>
        _bus.CallMethodAsync(call, (answer, _) => read(answer), null).WaitAsync(Patience, _time, cancellationToken);
}
