import { onInstallOffer } from '../browser/install';

/** Whether the browser would install the app now. */
class Installation {
  isOffered = $state(false);

  constructor() {
    onInstallOffer((offered) => {
      this.isOffered = offered;
    });
  }
}

export const installation = new Installation();
