using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Probes and lifecycle hooks.</content>
internal sealed partial class PodSpecValidator
{
    private const string TwoHandlers = "may not specify more than 1 handler type";
    private const string NotNegative = "must be greater than or equal to 0";

    private static readonly string[] WindowsSignals = ["SIGKILL", "SIGTERM"];
    private static readonly string[] LinuxSignals = MakeLinuxSignals();

    private void Probes(V1Container container, FieldPath path)
    {
        if (container.LivenessProbe is { } liveness)
        {
            Probe(liveness, path.Child("livenessProbe"), mustSucceedOnce: true);
        }

        if (container.ReadinessProbe is { } readiness)
        {
            var at = path.Child("readinessProbe");
            Probe(readiness, at, mustSucceedOnce: false);
            if (readiness.TerminationGracePeriodSeconds is { } grace)
            {
                _errors.Invalid(
                    at.Child("terminationGracePeriodSeconds"), grace, "must not be set for readinessProbes");
            }
        }

        if (container.StartupProbe is { } startup)
        {
            Probe(startup, path.Child("startupProbe"), mustSucceedOnce: true);
        }
    }

    private void Probe(V1Probe probe, FieldPath path, bool mustSucceedOnce)
    {
        Handler(new HandlerView(probe.Exec, probe.HttpGet, probe.TcpSocket, probe.Grpc, null), path);
        NonNegative(probe.InitialDelaySeconds, path, "initialDelaySeconds");
        NonNegative(probe.TimeoutSeconds, path, "timeoutSeconds");
        NonNegative(probe.PeriodSeconds, path, "periodSeconds");
        NonNegative(probe.SuccessThreshold, path, "successThreshold");
        NonNegative(probe.FailureThreshold, path, "failureThreshold");
        if (probe.TerminationGracePeriodSeconds is { } grace and <= 0)
        {
            _errors.Invalid(path.Child("terminationGracePeriodSeconds"), grace, "must be greater than 0");
        }

        if (mustSucceedOnce && probe.SuccessThreshold != 1)
        {
            _errors.Invalid(path.Child("successThreshold"), probe.SuccessThreshold ?? 0, "must be 1");
        }
    }

    private void NonNegative(long? value, FieldPath parent, string field)
    {
        if (value < 0)
        {
            _errors.Invalid(parent.Child(field), value, NotNegative);
        }
    }

    private void Lifecycle(V1Lifecycle? lifecycle, FieldPath parent)
    {
        if (lifecycle is null)
        {
            return;
        }

        var path = parent.Child("lifecycle");
        if (lifecycle.PostStart is { } start)
        {
            Handler(
                new HandlerView(start.Exec, start.HttpGet, start.TcpSocket, null, start.Sleep),
                path.Child("postStart"));
        }

        if (lifecycle.PreStop is { } stop)
        {
            Handler(new HandlerView(stop.Exec, stop.HttpGet, stop.TcpSocket, null, stop.Sleep), path.Child("preStop"));
        }

        if (lifecycle.StopSignal is { } signal)
        {
            StopSignal(signal, path.Child("stopSignal"));
        }
    }

    private void StopSignal(string signal, FieldPath path)
    {
        if (_spec.Os is null)
        {
            _errors.Forbidden(path, "may not be set for containers with empty `spec.os.name`");
            return;
        }

        var supported = _spec.Os.Name switch
        {
            "windows" => WindowsSignals,
            "linux" => LinuxSignals,
            _ => [signal],
        };
        if (!supported.Contains(signal, StringComparer.Ordinal))
        {
            _errors.NotSupported(path, signal, supported);
        }
    }

    private void Handler(HandlerView handler, FieldPath path)
    {
        var count = 0;
        if (handler.Exec is { } exec && IsFirst(ref count, path, "exec") && exec.Command is not { Count: > 0 })
        {
            _errors.Required(path.Child("exec", "command"));
        }

        if (handler.Http is { } http && IsFirst(ref count, path, "httpGet"))
        {
            Http(http, path.Child("httpGet"));
        }

        if (handler.Tcp is { } tcp && IsFirst(ref count, path, "tcpSocket"))
        {
            PortOrText.ValidatePort(tcp.Port, path.Child("tcpSocket", "port"), _errors);
        }

        if (handler.Grpc is { } grpc && IsFirst(ref count, path, "grpc"))
        {
            _errors.InvalidEach(path.Child("grpc", "port"), grpc.Port, NameRules.PortNumber(grpc.Port));
        }

        if (handler.Sleep is { } sleep && IsFirst(ref count, path, "sleep"))
        {
            Sleep(sleep, path.Child("sleep"));
        }

        if (count == 0)
        {
            _errors.Required(path, "must specify a handler type");
        }
    }

    private bool IsFirst(ref int count, FieldPath path, string field)
    {
        if (count > 0)
        {
            _errors.Forbidden(path.Child(field), TwoHandlers);
            return false;
        }

        count++;
        return true;
    }

    private void Sleep(V1SleepAction sleep, FieldPath path)
    {
        if (_spec.TerminationGracePeriodSeconds is { } grace && (sleep.Seconds < 0 || sleep.Seconds > grace))
        {
            _errors.Invalid(
                path, sleep.Seconds, $"must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        }
    }

    private void Http(V1HTTPGetAction http, FieldPath path)
    {
        if (string.IsNullOrEmpty(http.Path))
        {
            _errors.Required(path.Child("path"));
        }

        PortOrText.ValidatePort(http.Port, path.Child("port"), _errors);
        if (http.Scheme is not ("HTTP" or "HTTPS"))
        {
            _errors.NotSupported(path.Child("scheme"), http.Scheme ?? "", ["HTTP", "HTTPS"]);
        }

        foreach (var header in http.HttpHeaders ?? [])
        {
            _errors.InvalidEach(
                path.Child("httpHeaders"), header.Name ?? "", NameRules.HttpHeaderName(header.Name ?? ""));
        }
    }

    private static string[] MakeLinuxSignals()
    {
        string[] named =
        [
            "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT", "SIGKILL",
            "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP",
            "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIGRTMIN", "SIGRTMAX",
        ];
        var real = Enumerable.Range(1, 15).Select(i => $"SIGRTMIN+{i}").Concat(
            Enumerable.Range(1, 14).Select(i => $"SIGRTMAX-{i}"));
        return [.. named.Concat(real).Order(StringComparer.Ordinal)];
    }

    private readonly record struct HandlerView(
        V1ExecAction? Exec, V1HTTPGetAction? Http, V1TCPSocketAction? Tcp, V1GRPCAction? Grpc, V1SleepAction? Sleep);
}
