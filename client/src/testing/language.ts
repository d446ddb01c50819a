import { i18n } from '../language/i18n';

// Tests read the sentences of the source.
i18n.loadAndActivate({ locale: 'en', messages: {} });
