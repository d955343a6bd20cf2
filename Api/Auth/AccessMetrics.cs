using System.Diagnostics.Metrics;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>What is counted of every request's authentication and authorization, under upstream's names.</summary>
public sealed class AccessMetrics
{
    private const string SystemAccount = "system:serviceaccount:kube-system:default";

    private static readonly InstrumentAdvice<double> Durations = Buckets.Growing(0.001, 2, 15);

    // From nothing to a year: half an hour, hours, days, weeks, months.
    private static readonly InstrumentAdvice<double> Lifetimes = new()
    {
        HistogramBucketBoundaries =
        [
            0, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000,
            15_552_000, 31_104_000,
        ],
    };

    private readonly Counter<long> _users;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _authentications;
    private readonly Counter<long> _decisions;
    private readonly Histogram<double> _authorizations;
    private readonly Histogram<double> _certificates;

    /// <param name="meters">This host's.</param>
    public AccessMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Auth");
        _users = meter.CreateCounter<long>(
            "authenticated_user_requests", description: "Counter of authenticated requests broken out by username.");
        _attempts = meter.CreateCounter<long>(
            "authentication_attempts", description: "Counter of authenticated attempts.");
        _authentications = meter.CreateHistogram(
            "authentication_duration_seconds", "s", "Authentication duration in seconds broken out by result.",
            advice: Durations);
        _decisions = meter.CreateCounter<long>(
            "authorization_attempts_total",
            description: "Counter of authorization attempts broken down by result. It can be either 'allowed', "
                + "'denied', 'no-opinion' or 'error'.");
        _authorizations = meter.CreateHistogram(
            "authorization_duration_seconds", "s", "Authorization duration in seconds broken out by result.",
            advice: Durations);
        _certificates = meter.CreateHistogram(
            "apiserver_client_certificate_expiration_seconds", "s",
            "Distribution of the remaining lifetime on the certificate used to authenticate a request.",
            advice: Lifetimes);
    }

    /// <summary>Somebody shows a certificate that is good for so long.</summary>
    public void CertificateShown(TimeSpan left) => _certificates.Record(left.TotalSeconds);

    /// <summary>Somebody is known, or nobody is.</summary>
    public void Authenticated(string? user, TimeSpan elapsed)
    {
        if (user is not null)
        {
            _users.Add(1, Tag("username", Shorten(user)));
        }

        Attempted(user is null ? "failure" : "success", elapsed);
    }

    /// <summary>Who sends a request could not be found out.</summary>
    public void AuthenticationFailed(TimeSpan elapsed) => Attempted("error", elapsed);

    /// <summary>A request may go on, or may not.</summary>
    public void Authorized(AuthorizationDecision decision, TimeSpan elapsed)
    {
        var result = Tag("result", decision switch
        {
            { IsAllowed: true } => "allowed",
            { Failure.Length: > 0 } => "error",
            { Verdict: AuthorizationVerdict.Deny } => "denied",
            _ => "no-opinion",
        });
        _decisions.Add(1, result);
        _authorizations.Record(elapsed.TotalSeconds, result);
    }

    private void Attempted(string result, TimeSpan elapsed)
    {
        var tag = Tag("result", result);
        _attempts.Add(1, tag);
        _authentications.Record(elapsed.TotalSeconds, tag);
    }

    /// <summary>There may be any number of users.</summary>
    private static string Shorten(string user) => user switch
    {
        "admin" or "client" or "kube_proxy" or "kubelet" or SystemAccount => user,
        _ when user.Contains('@', StringComparison.Ordinal) => "email_id",
        _ => "other",
    };
}
