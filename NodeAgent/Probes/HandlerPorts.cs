using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>The ports that probes and hooks name.</summary>
internal static class HandlerPorts
{
    private const int Highest = 65535;

    /// <summary>
    /// A port by number, or by the name it has in the container; else upstream's words for what is wrong.
    /// </summary>
    public static int? Find(V1Container container, IntOrString? port, out string problem)
    {
        problem = "";
        var text = port?.Value ?? "";
        var isNumber = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
        if (container.Ports?.FirstOrDefault(p => p.Name == text) is { } named)
        {
            (isNumber, number) = (true, named.ContainerPort);
        }

        if (!isNumber)
        {
            problem = $"strconv.Atoi: parsing \"{text}\": invalid syntax";
            return null;
        }

        if (number is > 0 and <= Highest)
        {
            return number;
        }

        problem = string.Create(CultureInfo.InvariantCulture, $"invalid port number: {number}");
        return null;
    }
}
