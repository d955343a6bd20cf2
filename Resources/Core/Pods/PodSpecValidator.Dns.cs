using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Name servers and search paths.</content>
internal sealed partial class PodSpecValidator
{
    private void DnsConfig()
    {
        var path = _path.Child("dnsConfig");
        if (_spec.DnsPolicy == "None")
        {
            if (_spec.DnsConfig is null)
            {
                _errors.Required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
                return;
            }

            if (_spec.DnsConfig.Nameservers is not { Count: > 0 })
            {
                _errors.Required(
                    path.Child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
                return;
            }
        }

        if (_spec.DnsConfig is { } config)
        {
            Nameservers(config.Nameservers ?? [], path.Child("nameservers"));
            Searches(config.Searches ?? [], path.Child("searches"));
            for (var i = 0; i < (config.Options?.Count ?? 0); i++)
            {
                if (string.IsNullOrEmpty(config.Options![i].Name))
                {
                    _errors.Required(path.Child("options").Index(i), "must not be empty");
                }
            }
        }
    }

    private void Nameservers(IList<string> servers, FieldPath path)
    {
        const int Max = 3;
        if (servers.Count > Max)
        {
            _errors.Invalid(path, servers, $"must not have more than {Max} nameservers");
        }

        for (var i = 0; i < servers.Count; i++)
        {
            NetworkRules.ValidateIp(path.Index(i), servers[i], _errors);
        }
    }

    private void Searches(IList<string> searches, FieldPath path)
    {
        const int Max = 32;
        const int MaxLength = 2048;
        if (searches.Count > Max)
        {
            _errors.Invalid(path, searches, $"must not have more than {Max} search paths");
        }

        if (searches.Sum(s => s.Length + 1) - 1 > MaxLength)
        {
            _errors.Invalid(path, searches,
                $"must not have more than {MaxLength} characters (including spaces) in the search list");
        }

        for (var i = 0; i < searches.Count; i++)
        {
            if (searches[i] != ".")
            {
                var search = searches[i].EndsWith('.') ? searches[i][..^1] : searches[i];
                _errors.InvalidEach(path.Index(i), search, SearchRules.Complaints(search));
            }
        }
    }
}
